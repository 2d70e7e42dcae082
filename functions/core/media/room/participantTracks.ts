import { Buffer } from 'node:buffer';
import { AssembledTrack, type PiecePlace, type PieceTrack } from '../clip/assembledTrack.ts';
import { boxesIn, fullBox, u32 } from '../mp4/boxes.ts';
import type { InitSegment, Track } from '../mp4/initSegment.ts';
import type { IndexedTrack } from '../mp4/movie.ts';
import { areAlike } from '../mp4/sameSetup.ts';

/** One track of the new file: samples of one codec, by as many descriptions as there are. */
interface Output {
  /** One for each description, in their order. */
  readonly described: [Track, ...Track[]];
  readonly assembled: AssembledTrack;
}

/**
 * The tracks of one participant: the first picture of each record, the first sound, and so on. Where the parameters change
 * the track has another sample description; another codec, or another timescale, has a track of its own.
 */
export class ParticipantTracks {
  readonly #name: string;
  readonly #lanes = new Map<string, Output[]>();

  constructor(name: string) {
    this.#name = name;
  }

  /** @param init of the piece's part */
  add(init: InitSegment, tracks: readonly PieceTrack[], place: PiecePlace): void {
    for (const piece of tracks) {
      const track = init.tracks.find(({ id }) => id === piece.track.id);
      if (track === undefined) continue;
      const { output, description } = this.#outputOf(laneOf(init, track), track);
      output.assembled.add(piece, { ...place, description });
    }
  }

  get endMs(): number {
    return Math.max(0, ...this.#outputs().map(({ assembled }) => assembled.endMs));
  }

  /** Video first. Call it once. @param firstId of the first of them */
  finish(firstId: number): readonly IndexedTrack[] {
    return this.#outputs()
      .filter(({ assembled }) => assembled.table.samples > 0)
      .map(({ described, assembled }, place) => ({
        track: trackOf(described, firstId + place, this.#name),
        edits: assembled.finish(),
        table: assembled.table,
      }));
  }

  #outputs(): readonly Output[] {
    const all = [...this.#lanes.values()].flat();
    const of = (kind: string): Output[] => all.filter(({ described: [{ info }] }) => info.kind === kind);
    return [...of('video'), ...of('audio')];
  }

  #outputOf(lane: string, track: Track): { readonly output: Output; readonly description: number } {
    const outputs = this.#lanes.get(lane) ?? [];
    this.#lanes.set(lane, outputs);
    let output = outputs.find(({ described: [first] }) => canShare(first, track));
    if (output === undefined) {
      output = { described: [track], assembled: new AssembledTrack(track) };
      outputs.push(output);
    }
    const known = output.described.findIndex((one) => areAlike(one, track));
    const description = known === -1 ? output.described.push(track) : known + 1;
    return { output, description };
  }
}

/** Of its kind, which one it is in its record. */
function laneOf({ tracks }: InitSegment, { id, info }: Track): string {
  const alike = tracks.filter((one) => one.info.kind === info.kind);
  return `${info.kind} ${alike.findIndex((one) => one.id === id)}`;
}

function canShare(one: Track, other: Track): boolean {
  return one.timescale === other.timescale && entryTypeOf(one) === entryTypeOf(other);
}

/** Size, type, version and flags, number of entries. */
const STSD_HEADER_BYTES = 8 + 8;
const entriesOf = ({ boxes: { stsd } }: Track): Buffer => stsd.subarray(STSD_HEADER_BYTES);
const entryTypeOf = ({ boxes: { stsd } }: Track): string | undefined =>
  boxesIn(stsd, STSD_HEADER_BYTES)[0]?.type;

/** The first one's track, with all descriptions, under the participant's name. */
function trackOf(described: Output['described'], id: number, name: string): Track {
  const [first] = described;
  const entries = described.map(entriesOf);
  return {
    ...first,
    id,
    boxes: {
      ...first.boxes,
      tkhd: largest(described),
      hdlr: named(first, name),
      stsd: fullBox('stsd', 0, 0, u32(entries.length), ...entries),
    },
  };
}

/** A picture is shown as large as the largest. */
function largest(described: Output['described']): Buffer {
  const tkhd = Buffer.from(described[0].boxes.tkhd);
  for (const fromEnd of [8, 4]) {
    const sizes = described.map(({ boxes }) => boxes.tkhd.readUInt32BE(boxes.tkhd.length - fromEnd));
    tkhd.writeUInt32BE(Math.max(...sizes), tkhd.length - fromEnd);
  }
  return tkhd;
}

/** Players show a handler's name as the track's. */
function named({ info }: Track, name: string): Buffer {
  const type = Buffer.from(info.kind === 'video' ? 'vide' : 'soun');
  return fullBox(
    'hdlr',
    0,
    0,
    u32(0),
    type,
    u32(0, 0, 0),
    Buffer.from(`${name.replaceAll('\0', '')}\0`, 'utf8'),
  );
}
