import { normalizeValue } from './codec.ts';

/** What a name can say about one part of a recording. Times are epoch milliseconds. */
export interface NameValues {
  readonly streamName: string;
  readonly mediaSessionId: string;
  readonly recordingId: string;
  /** 1, 2, … */
  readonly part: number;
  /** Rotation is on: every part carries its number. */
  readonly rotated: boolean;
  /** Wall clock of the recording's start: the date pieces. */
  readonly recordingStartedAtMs: number;
  /** The part's first frame: the recording's start plus media time. */
  readonly startTimeMs?: number;
  /** The recorder's clock when the part was opened. */
  readonly startTimeMillis?: number;
  /** The part's last frame. Known when the part has ended, as the next two. */
  readonly endTimeMs?: number;
  readonly endTimeMillis?: number;
  readonly durationMs?: number;
  readonly sessionId?: string;
  readonly login?: string;
  readonly appKey?: string;
  readonly audioCodec?: string;
  readonly videoCodec?: string;
}

/**
 * `text`: what people choose, trimmed first. `id`: told apart by all its characters, trimmed only when nothing else
 * is left. `number`: digits. `late`: digits too, known when the part has ended.
 */
export type ElementKind = 'text' | 'id' | 'number' | 'late';

export interface Element {
  readonly kind: ElementKind;
  /** Documented maximum size, in characters (code points) before encoding; what is longer is cut. */
  readonly maxChars?: number;
  /** The normalised value; empty when there is none. */
  readonly read: (values: NameValues) => string;
}

export const PART_DIGITS = 3;

/** 001 to 999, a1000 to a9999, b10000: a letter says how many digits follow, so that names sort as their parts do. */
export function partNumber(part: number): string {
  const digits = String(part).padStart(PART_DIGITS, '0');
  return digits.length === PART_DIGITS ? digits : `${MORE_DIGITS[digits.length - PART_DIGITS - 1]}${digits}`;
}
/** As many as a safe integer can have. */
const MORE_DIGITS = 'abcdefghijklm';

const text = (read: (values: NameValues) => string | undefined, maxChars?: number): Element => ({
  kind: 'text',
  ...(maxChars === undefined ? {} : { maxChars }),
  read: (values) => normalizeValue(read(values) ?? ''),
});
const id = (read: (values: NameValues) => string | undefined, maxChars: number): Element => ({
  kind: 'id',
  maxChars,
  read: (values) => normalizeValue(read(values) ?? ''),
});
const time = (kind: 'number' | 'late', read: (values: NameValues) => number | undefined): Element => ({
  kind,
  maxChars: 20,
  read: (values) => {
    const ms = read(values);
    return ms === undefined ? '' : String(Math.trunc(ms));
  },
});
/** A piece of the recording's start in UTC, by its place in `2026-07-01T10:00:00Z` (years 0 to 9999). */
const date = (from: number, to: number): Element => ({
  kind: 'number',
  maxChars: to - from,
  read: (values) => new Date(values.recordingStartedAtMs).toISOString().slice(from, to),
});

/** WCS's elements with its sizes, then ours. */
export const ELEMENTS = {
  streamName: text((values) => values.streamName),
  startTime: time('number', (values) => values.startTimeMs),
  endTime: time('late', (values) => values.endTimeMs),
  startTimeMillis: time('number', (values) => values.startTimeMillis),
  endTimeMillis: time('late', (values) => values.endTimeMillis),
  duration: time('late', (values) => values.durationMs),
  /** BASE64 in the alphabet of RFC 4648 section 5, without padding: WCS's session ids hold `/` and `:`. */
  sessionId: id(
    (values) => Buffer.from((values.sessionId ?? '').toWellFormed(), 'utf8').toString('base64url'),
    60,
  ),
  mediaSessionId: id((values) => values.mediaSessionId, 36),
  login: text((values) => values.login, 32),
  audioCodec: id((values) => values.audioCodec, 4),
  videoCodec: id((values) => values.videoCodec, 4),
  recordingId: id((values) => values.recordingId, 26),
  part: { kind: 'number', maxChars: PART_DIGITS, read: (values) => partNumber(values.part) },
  appKey: text((values) => values.appKey),
  yyyy: date(0, 4),
  MM: date(5, 7),
  dd: date(8, 10),
  HH: date(11, 13),
  mm: date(14, 16),
  ss: date(17, 19),
} as const satisfies Record<string, Element>;

export type ElementName = keyof typeof ELEMENTS;
export const elementOf = (name: ElementName): Element => ELEMENTS[name];
export const isElementName = (name: string): name is ElementName => Object.hasOwn(ELEMENTS, name);

/** Bytes kept free for an element that is not known yet. */
export const LATE_BYTES = 20;
