import type { PacketStream } from '../tracks/packet.ts';
import { MediaError } from '../types.ts';
import type { NutCursor } from './cursor.ts';

/** What a frame's first byte stands for. */
export interface FrameCode {
  readonly flags: number;
  readonly ptsDelta: number;
  readonly stream: number;
  readonly sizeFactor: number;
  readonly sizeRest: number;
  readonly reserved: number;
  readonly prefix: number;
}

/** Seconds in a unit of time, as a fraction. */
export interface TimeBase {
  readonly numerator: number;
  readonly denominator: number;
}

export interface MainHeader {
  readonly streams: number;
  readonly timeBases: readonly TimeBase[];
  /** By the frame's first byte. */
  readonly codes: readonly FrameCode[];
  /** What small frames begin with and is not written. The first one is empty. */
  readonly prefixes: readonly Buffer[];
}

/** What ffmpeg says of a stream before its first packet. */
export interface NutStream extends PacketStream {
  readonly kind: 'video' | 'audio' | 'other';
  readonly timeBase: TimeBase;
  /** Units of the stream's times in a second. */
  readonly timescale: number;
  /** Bits of a time that come alone where the others go on. */
  readonly timeBits: number;
}

export const FLAG = {
  key: 1,
  codedPts: 8,
  streamId: 16,
  sizeHigh: 32,
  checksum: 64,
  reserved: 128,
  sideData: 256,
  prefix: 1024,
  matchTime: 2048,
  coded: 4096,
  invalid: 8192,
} as const;

/** A frame never begins with it: startcodes do. */
export const STARTCODE_FIRST = 0x4e;
const CODES = 256;
const STREAMS_MAX = 256;
const INVALID: FrameCode = {
  flags: FLAG.invalid,
  ptsDelta: 0,
  stream: 0,
  sizeFactor: 1,
  sizeRest: 0,
  reserved: 0,
  prefix: 0,
};

/** @throws MediaError */
export function parseMainHeader(fields: NutCursor): MainHeader {
  const version = fields.v();
  if (version > 3) fields.v();
  const streams = fields.v();
  if (streams < 1 || streams > STREAMS_MAX) throw new MediaError(`${streams} streams in one output`);
  fields.v();
  const timeBases: TimeBase[] = [];
  for (let left = fields.v(); left > 0 && !fields.isShort; left--)
    timeBases.push({ numerator: fields.v(), denominator: fields.v() });
  if (timeBases.some(({ numerator, denominator }) => numerator === 0 || denominator === 0))
    throw new MediaError('a unit of time is nothing, or without end');
  const codes = frameCodes(fields);
  const prefixes = [Buffer.alloc(0)];
  for (let left = fields.v(); left > 0 && !fields.isShort; left--) prefixes.push(Buffer.from(fields.bytes()));
  if (fields.isShort) throw new MediaError('the main header ends in the middle of a field');
  return { streams, timeBases, codes, prefixes };
}

function frameCodes(fields: NutCursor): FrameCode[] {
  const codes: FrameCode[] = [];
  let last = { ptsDelta: 0, sizeFactor: 1, stream: 0, prefix: 0 };
  while (codes.length < CODES && !fields.isShort) {
    const flags = fields.v();
    const given = fields.v();
    const read = (place: number, otherwise: number): number => (given > place ? fields.v() : otherwise);
    const ptsDelta = given > 0 ? fields.s() : last.ptsDelta;
    const sizeFactor = read(1, last.sizeFactor);
    const stream = read(2, last.stream);
    const size = read(3, 0);
    const reserved = read(4, 0);
    const count = read(5, sizeFactor - size);
    if (given > 6) fields.large();
    const prefix = read(7, last.prefix);
    for (let more = 8; more < given; more++) fields.v();
    if (count < 1 || count > CODES) throw new MediaError('the table of frame codes has an impossible count');
    for (let place = 0; place < count; ) {
      if (codes.length === STARTCODE_FIRST) codes.push(INVALID);
      codes.push({ flags, ptsDelta, stream, sizeFactor, sizeRest: size + place, reserved, prefix });
      place += 1;
    }
    last = { ptsDelta, sizeFactor, stream, prefix };
  }
  if (codes.length !== CODES) throw new MediaError('the table of frame codes has another length');
  return codes;
}

const KINDS: Readonly<Record<number, NutStream['kind']>> = { 0: 'video', 1: 'audio' };

/** @returns which stream it is of, and what it says. @throws MediaError */
export function parseStreamHeader(
  fields: NutCursor,
  main: MainHeader,
): { readonly index: number; readonly stream: NutStream } {
  const index = fields.v();
  const kind = KINDS[fields.v()] ?? 'other';
  const tag = Buffer.from(fields.bytes());
  const timeBase = main.timeBases[fields.v()];
  const timeBits = fields.v();
  fields.v();
  fields.v();
  fields.v();
  const extradata = Buffer.from(fields.bytes());
  const [width, height, pixelWidth, pixelHeight] =
    kind === 'video' ? [fields.v(), fields.v(), fields.v(), fields.v()] : [0, 0, 0, 0];
  const [sampleRateHz, rateFactor, channels] =
    kind === 'audio' ? [fields.v(), fields.v(), fields.v()] : [0, 1, 0];
  if (fields.isShort || timeBase === undefined || timeBits > 30 || rateFactor === 0)
    throw new MediaError('a stream header says what cannot be');
  return {
    index,
    stream: {
      kind,
      tag,
      timeBase,
      timescale: timeBase.denominator / timeBase.numerator,
      timeBits,
      extradata,
      width,
      height,
      pixelWidth,
      pixelHeight,
      sampleRateHz: sampleRateHz / rateFactor,
      channels,
    },
  };
}
