import { Buffer } from 'node:buffer';
import type { PieceTrack } from '../clip/assembledTrack.ts';
import type { InitSegment } from '../mp4/initSegment.ts';
import { indexedHead } from '../mp4/movie.ts';
import type { Pieces } from '../pieces.ts';
import type { TrackInfo } from '../types.ts';
import type { Block } from './blocks.ts';
import { ParticipantTracks } from './participantTracks.ts';

/** A piece of a record in a room's file. */
export interface RoomPiece<Source> {
  readonly source: Source;
  readonly init: InitSegment;
  /** When the part's zero is shown in the file; may be negative. */
  readonly zeroMs: number;
  readonly tracks: readonly PieceTrack[];
  /** What is taken of the record's bytes, without a gap. */
  readonly blocks: readonly Block[];
}

export interface RoomParticipant<Source> {
  readonly name: string;
  readonly pieces: readonly RoomPiece<Source>[];
}

/** A file: its head, and where the bytes that follow it lie. */
export interface RoomFile<Source> {
  readonly head: Pieces;
  readonly ranges: readonly {
    readonly source: Source;
    readonly fromByte: number;
    readonly endByte: number;
  }[];
  readonly durationMs: number;
  readonly tracks: readonly TrackInfo[];
  readonly videoFrames: number;
}

/**
 * One file of all: tracks of their own for each participant, whose bytes take turns in the order of time.
 * @returns undefined where there is nothing
 */
export function roomFile<Source>(
  participants: readonly RoomParticipant<Source>[],
): RoomFile<Source> | undefined {
  const pieces = participants.flatMap((one) => one.pieces);
  const first = pieces[0];
  if (first === undefined) return undefined;
  const { ranges, placeOf, bytes } = inTurns(pieces);
  const all = participants.map(({ name, pieces: own }) => {
    const tracks = new ParticipantTracks(name);
    for (const piece of own) {
      const { init, zeroMs } = piece;
      tracks.add(init, piece.tracks, { zeroMs, placeOf: placeOf(piece) });
    }
    return tracks;
  });
  let nextId = 1;
  const indexed = all.flatMap((one) => {
    const tracks = one.finish(nextId);
    nextId += tracks.length;
    return tracks;
  });
  if (indexed.length === 0) return undefined;
  const init = { ...first.init, mvhd: withNextId(first.init.mvhd, nextId), others: [] };
  return {
    head: indexedHead(init, indexed, bytes),
    ranges,
    durationMs: Math.max(...all.map(({ endMs }) => endMs)),
    tracks: indexed.map(({ track }) => track.info),
    videoFrames: indexed.reduce(
      (sum, { track, table }) => sum + (track.info.kind === 'video' ? table.samples : 0),
      0,
    ),
  };
}

/** All blocks in the order of time, those of one record in their own. */
function inTurns<Source>(pieces: readonly RoomPiece<Source>[]): {
  readonly ranges: RoomFile<Source>['ranges'];
  readonly bytes: number;
  readonly placeOf: (piece: RoomPiece<Source>) => (offset: number) => number;
} {
  const turns = pieces
    .flatMap((piece) => {
      let startMs = Number.NEGATIVE_INFINITY;
      return piece.blocks.map((block) => {
        // Fragments of two tracks may come in another order than they are shown in.
        startMs = Math.max(startMs, piece.zeroMs + block.startMs);
        return { piece, block, startMs };
      });
    })
    .toSorted((one, other) => one.startMs - other.startMs);
  const places = new Map<RoomPiece<Source>, { readonly block: Block; readonly at: number }[]>();
  let bytes = 0;
  for (const { piece, block } of turns) {
    const own = places.get(piece) ?? [];
    places.set(piece, own);
    own.push({ block, at: bytes });
    bytes += block.endByte - block.fromByte;
  }
  return {
    ranges: turns.map(({ piece: { source }, block: { fromByte, endByte } }) => ({
      source,
      fromByte,
      endByte,
    })),
    bytes,
    placeOf: (piece) => placer(places.get(piece) ?? []),
  };
}

/** Offsets are asked for in their order, more or less: the block of the last one is looked at first. */
function placer(
  places: readonly { readonly block: Block; readonly at: number }[],
): (offset: number) => number {
  let last = 0;
  return (offset) => {
    const isIn = (place: number): boolean => {
      const block = places[place]?.block;
      return block !== undefined && block.fromByte <= offset && offset < block.endByte;
    };
    if (!isIn(last)) last = isIn(last + 1) ? last + 1 : places.findIndex((_one, place) => isIn(place));
    const found = places[last];
    if (found === undefined) throw new RangeError(`byte ${offset} of the record is not in the file`);
    return found.at + offset - found.block.fromByte;
  };
}

/** The last field of mvhd: a number that no track has. */
function withNextId(mvhd: Buffer, nextId: number): Buffer {
  const copy = Buffer.from(mvhd);
  copy.writeUInt32BE(nextId, copy.length - 4);
  return copy;
}
