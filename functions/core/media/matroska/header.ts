import { MediaError, type TrackInfo } from '../types.ts';
import { type Element, elementsIn, findElement, ID, readFloat, readUint } from './ebml.ts';

export interface MatroskaTrack {
  readonly number: number;
  readonly info: TrackInfo;
  /** Duration of one frame where the file says so, in milliseconds. */
  readonly frameMs: number | undefined;
  /** The codec's configuration; undefined without one, and where frames are not stored as they are. */
  readonly codecPrivate: Buffer | undefined;
  /** The track entry but for its UID, which is another one in each run: two that are alike can share a file. */
  readonly setup: Buffer;
  /** Of that, what does not follow from a video's parameter sets. */
  readonly plainSetup: Buffer;
}

/** What stands before the first cluster. */
export interface MatroskaHeader {
  /** The EBML element, whole. */
  readonly ebml: Buffer;
  /** Elements of the Info, but for the duration. */
  readonly info: readonly Buffer[];
  /** The Tracks and Tags elements, whole. */
  readonly tracks: Buffer;
  readonly tags: readonly Buffer[];
  readonly trackList: readonly MatroskaTrack[];
  /** Milliseconds in one unit of a cluster's time. */
  readonly unitMs: number;
}

/** @param elements of the segment, up to the first cluster. @throws MediaError */
export function parseHeader(ebml: Buffer, elements: readonly Element[]): MatroskaHeader {
  const info = findElement(elements, ID.info);
  const tracks = findElement(elements, ID.tracks);
  if (info === undefined || tracks === undefined)
    throw new MediaError('the segment has no info or no tracks');
  const infoElements = elementsIn(info.data);
  const scale = findElement(infoElements, ID.timestampScale);
  const unitNs = scale === undefined ? 1_000_000 : readUint(scale.data);
  if (unitNs === 0) throw new MediaError('the timestamp scale is 0');
  const trackList = parseTracks(tracks.data);
  if (trackList.length === 0) throw new MediaError('the segment has neither video nor audio');
  return {
    ebml,
    info: infoElements.filter(({ id }) => id !== ID.duration).map(({ bytes }) => bytes),
    tracks: tracks.bytes,
    tags: elements.filter(({ id }) => id === ID.tags).map(({ bytes }) => bytes),
    trackList,
    unitMs: unitNs / 1e6,
  };
}

function parseTracks(data: Buffer): MatroskaTrack[] {
  return elementsIn(data)
    .filter(({ id }) => id === ID.trackEntry)
    .map((entry) => parseTrack(elementsIn(entry.data)))
    .filter((track) => track !== undefined);
}

const CODECS: readonly (readonly [RegExp, string])[] = [
  [/^V_MPEG4\/ISO\/AVC/, 'h264'],
  [/^V_MPEGH\/ISO\/HEVC/, 'hevc'],
  [/^V_VP8/, 'vp8'],
  [/^V_VP9/, 'vp9'],
  [/^V_AV1/, 'av1'],
  [/^A_AAC/, 'aac'],
  [/^A_OPUS/, 'opus'],
  [/^A_VORBIS/, 'vorbis'],
  [/^A_MPEG\/L3/, 'mp3'],
  [/^A_PCM\/INT\/LIT/, 'pcm_s16le'],
  [/^A_FLAC/, 'flac'],
  [/^A_AC3/, 'ac3'],
];

/** Undefined for a track that is neither video nor audio. */
function parseTrack(entry: readonly Element[]): MatroskaTrack | undefined {
  const uint = (elements: readonly Element[], id: number): number | undefined => {
    const found = findElement(elements, id);
    return found === undefined ? undefined : readUint(found.data);
  };
  const kind = { 1: 'video', 2: 'audio' }[uint(entry, ID.trackType) ?? 0];
  if (kind !== 'video' && kind !== 'audio') return undefined;
  const codecId = findElement(entry, ID.codecId)?.data.toString('latin1') ?? '';
  const codec = CODECS.find(([pattern]) => pattern.test(codecId))?.[1] ?? codecId.toLowerCase();
  const frameNs = uint(entry, ID.defaultDuration);
  const inside = elementsIn(
    findElement(entry, kind === 'video' ? ID.video : ID.audio)?.data ?? Buffer.alloc(0),
  );
  const frequency = findElement(inside, ID.samplingFrequency);
  const details =
    kind === 'video'
      ? { width: uint(inside, ID.pixelWidth), height: uint(inside, ID.pixelHeight) }
      : {
          sampleRateHz: frequency === undefined ? 8_000 : Math.round(readFloat(frequency.data)),
          channels: uint(inside, ID.channels) ?? 1,
        };
  return {
    number: uint(entry, ID.trackNumber) ?? 0,
    info: { kind, codec, ...definedOnly(details) },
    frameMs: frameNs === undefined ? undefined : frameNs / 1e6,
    codecPrivate:
      findElement(entry, ID.contentEncodings) === undefined
        ? findElement(entry, ID.codecPrivate)?.data
        : undefined,
    setup: entryWithout(entry, [ID.trackUid]),
    plainSetup: entryWithout(entry, [ID.trackUid, ID.codecPrivate, ID.video]),
  };
}

function entryWithout(entry: readonly Element[], ids: readonly number[]): Buffer {
  return Buffer.concat(entry.filter(({ id }) => !ids.includes(id)).map(({ bytes }) => bytes));
}

function definedOnly(values: Readonly<Record<string, number | undefined>>): Record<string, number> {
  const entries = Object.entries(values).filter((entry): entry is [string, number] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}
