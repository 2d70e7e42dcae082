import type { QuarterTurn } from '../media/tracks/sample.ts';
import { canonicalLanguage, type TrackSettings } from './tracks.ts';

export const FOUND_KINDS = ['video', 'audio', 'subtitle', 'data', 'attachment'] as const;
export type FoundKind = (typeof FOUND_KINDS)[number];

/** A stream of a source, as ffmpeg lists it. */
export interface FoundStream {
  /** ffmpeg's number of it within the source. */
  readonly index: number;
  readonly kind: FoundKind;
  /** As ffprobe names it; `none` where ffmpeg does not know it. */
  readonly codec: string;
  readonly sampleRateHz?: number;
  readonly width?: number;
  readonly height?: number;
  /** A player is to turn the picture so far. */
  readonly turn?: QuarterTurn;
  /** As it is sent. */
  readonly language?: string;
  readonly title?: string;
  readonly isDefault?: boolean;
  /** A picture that does not move: a cover, a thumbnail. */
  readonly isPicture?: boolean;
  /** It was announced, and nothing has come that says what it is. */
  readonly isUnknown?: boolean;
}

/** A programme of MPEG-TS, or a variant of an HLS playlist. */
export interface FoundProgram {
  /** Indexes of its streams. */
  readonly streams: readonly number[];
  readonly bitrateBps?: number;
}

export interface FoundSource {
  readonly streams: readonly FoundStream[];
  readonly programs: readonly FoundProgram[];
  /** ffmpeg reads sound from inputs of its own: what comes seldom would hold it back, whose input is another. */
  readonly hasSoundApart?: boolean;
}

/** A stream that is recorded. */
export interface SelectedTrack {
  /** ffmpeg's `-map`, such as `0:a:1`: by kind, and by place within it. */
  readonly map: string;
  readonly stream: FoundStream;
  /** The first of its kind that a player should take by itself. */
  readonly isDefault: boolean;
}

/**
 * | reason | why a stream is not recorded |
 * |---|---|
 * | other_program | it is of another programme, or of another variant of a playlist |
 * | picture | it is a cover, a thumbnail or another file |
 * | other_video | another picture is larger, or the source's default |
 * | other_track | FLV has several of its kind (enhanced RTMP), of which the first is recorded |
 * | not_asked_for | the settings do not ask for it |
 * | unknown_codec | ffmpeg does not know its codec |
 * | never_came | it was announced, and nothing of it that can be decoded had come when the source was opened |
 * | too_many | there are more of its kind than are recorded |
 * | container | the file's container does not take it |
 */
export const LEFT_OUT_REASONS = [
  'other_program',
  'picture',
  'other_video',
  'other_track',
  'not_asked_for',
  'unknown_codec',
  'never_came',
  'too_many',
  'container',
] as const;
export type LeftOutReason = (typeof LEFT_OUT_REASONS)[number];

/** Streams that are not recorded, for one reason. */
export interface LeftOut {
  readonly kind: FoundKind;
  readonly codec: string;
  readonly reason: LeftOutReason;
  readonly count: number;
}

export interface Selection {
  /** Video first, then sound, subtitles and data, each in the source's order. */
  readonly tracks: readonly SelectedTrack[];
  readonly leftOut: readonly LeftOut[];
}

/** Of each kind. Nobody listens to more; each costs memory and a track of the file. */
export const TRACKS_OF_A_KIND_MAX = 16;
/** Kinds, codecs and reasons together: what a source has of more is counted with the last. */
const LEFT_OUT_MAX = 32;

const SPECIFIERS: Readonly<Record<FoundKind, string>> = {
  video: 'v',
  audio: 'a',
  subtitle: 's',
  data: 'd',
  attachment: 't',
};
const ORDER: readonly FoundKind[] = ['video', 'audio', 'subtitle', 'data'];

/**
 * Which streams of a source are recorded: one programme, whole. Of several the one with the largest picture, then with
 * pictures at all, then with the highest bit rate. Of it the largest picture that moves, and of sound, subtitles and
 * timed metadata all that the settings ask for. Sound of none of the languages asked for: the default one, since a
 * recording in another language is worth more than a silent one.
 * @param carries codecs that the container takes besides those of pictures and sound
 */
export function selectTracks(
  found: FoundSource,
  settings: TrackSettings,
  carries: readonly string[] = [],
): Selection {
  const program = bestProgram(found);
  const reasons = new Map<FoundStream, LeftOutReason>();
  const usable = found.streams.filter((stream) => {
    const reason = unusable(stream, program, settings, carries);
    if (reason !== undefined) reasons.set(stream, reason);
    return reason === undefined;
  });
  const selected: FoundStream[] = [];
  for (const kind of ORDER) {
    const ofKind = usable.filter((stream) => stream.kind === kind);
    const wanted = wantedOf(kind, ofKind, settings);
    const kept = wanted.slice(0, TRACKS_OF_A_KIND_MAX);
    selected.push(...kept);
    for (const stream of ofKind) {
      if (kept.includes(stream)) continue;
      const isOther = kind === 'video' ? 'other_video' : 'not_asked_for';
      reasons.set(stream, wanted.includes(stream) ? 'too_many' : isOther);
    }
  }
  return {
    tracks: selected.map((stream) => ({
      map: mapOf(stream, found.streams),
      stream,
      isDefault: defaultOf(selected.filter(({ kind }) => kind === stream.kind)) === stream,
    })),
    leftOut: grouped(reasons),
  };
}

function bestProgram({ streams, programs }: FoundSource): FoundProgram | undefined {
  const byIndex = new Map(streams.map((stream) => [stream.index, stream]));
  const rank = (program: FoundProgram): readonly number[] => {
    const own = program.streams.flatMap((index) => byIndex.get(index) ?? []);
    const moving = own.filter(({ kind, isPicture }) => kind === 'video' && isPicture !== true);
    const pixels = Math.max(0, ...moving.map(area));
    const sounds = own.filter(({ kind }) => kind === 'audio').length;
    return [pixels, moving.length > 0 ? 1 : 0, program.bitrateBps ?? 0, sounds > 0 ? 1 : 0];
  };
  return programs
    .filter(({ streams: own }) => own.length > 0)
    .map((program) => ({ program, rank: rank(program) }))
    .reduce<{ program: FoundProgram; rank: readonly number[] } | undefined>(
      (best, one) => (best === undefined || isHigher(one.rank, best.rank) ? one : best),
      undefined,
    )?.program;
}

function isHigher(one: readonly number[], other: readonly number[]): boolean {
  const place = one.findIndex((value, i) => value !== other[i]);
  return place !== -1 && (one[place] ?? 0) > (other[place] ?? 0);
}

const area = ({ width = 0, height = 0 }: FoundStream): number => width * height;

function unusable(
  { kind, codec, index, isPicture, isUnknown }: FoundStream,
  program: FoundProgram | undefined,
  settings: TrackSettings,
  carries: readonly string[],
): LeftOutReason | undefined {
  if (program !== undefined && !program.streams.includes(index)) return 'other_program';
  if (isPicture === true || kind === 'attachment') return 'picture';
  if (settings[kind === 'subtitle' ? 'subtitles' : kind] === false) return 'not_asked_for';
  if (kind !== 'video' && kind !== 'audio' && !carries.includes(codec)) return 'container';
  if (codec === 'none') return 'unknown_codec';
  return isUnknown === true ? 'never_came' : undefined;
}

/** The streams of a kind that are asked for. */
function wantedOf(
  kind: FoundKind,
  streams: readonly FoundStream[],
  settings: TrackSettings,
): readonly FoundStream[] {
  if (kind === 'video') {
    const largest = Math.max(...streams.map(area));
    const best = defaultOf(streams.filter((stream) => area(stream) === largest));
    return best === undefined ? [] : [best];
  }
  const asked = kind === 'audio' ? settings.audio : kind === 'subtitle' ? settings.subtitles : true;
  if (!Array.isArray(asked)) return streams;
  const languages = asked.map(canonicalLanguage);
  const matching = streams.filter(({ language }) => languages.includes(canonicalLanguage(language) ?? ''));
  if (matching.length > 0 || kind !== 'audio') return matching;
  const instead = defaultOf(streams);
  return instead === undefined ? [] : [instead];
}

const defaultOf = (streams: readonly FoundStream[]): FoundStream | undefined =>
  streams.find(({ isDefault }) => isDefault === true) ?? streams[0];

function mapOf(stream: FoundStream, all: readonly FoundStream[]): string {
  const ofKind = all.filter(({ kind }) => kind === stream.kind);
  return `0:${SPECIFIERS[stream.kind]}:${ofKind.indexOf(stream)}`;
}

/** Whether a source has the stream that ffmpeg would map, and ffmpeg can write it. */
export function isThere(map: string, { streams }: FoundSource): boolean {
  const stream = streamOf(map, streams);
  return stream !== undefined && stream.isUnknown !== true;
}

/** The stream that ffmpeg maps; undefined where there is none. */
export function streamOf(map: string, streams: readonly FoundStream[]): FoundStream | undefined {
  const [, letter, place] = map.split(':');
  return streams.filter(({ kind }) => SPECIFIERS[kind] === letter)[Number(place)];
}

function grouped(reasons: ReadonlyMap<FoundStream, LeftOutReason>): LeftOut[] {
  const groups = new Map<string, LeftOut>();
  for (const [{ kind, codec }, reason] of reasons) {
    const name = `${kind} ${codec} ${reason}`;
    const isKnown = groups.has(name) || groups.size < LEFT_OUT_MAX;
    const key = isKnown ? name : ([...groups.keys()].at(-1) ?? name);
    const group = groups.get(key) ?? { kind, codec, reason, count: 0 };
    groups.set(key, { ...group, count: group.count + 1 });
  }
  return [...groups.values()];
}
