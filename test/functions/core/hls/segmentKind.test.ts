import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSegmentStart } from '../../../../functions/core/hls/segmentKind.ts';

const ts = (packets = 4): Buffer =>
  Buffer.concat(
    Array.from({ length: packets }, () => Buffer.concat([Buffer.from([0x47]), Buffer.alloc(187, 0xff)])),
  );
const box = (type: string): Buffer =>
  Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from(type), Buffer.alloc(16)]);
const frame = (...head: readonly number[]): Buffer => Buffer.concat([Buffer.from(head), Buffer.alloc(32)]);

function id3(ticks: bigint): Buffer {
  const owner = Buffer.from('com.apple.streaming.transportStreamTimestamp\0');
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(ticks);
  const body = Buffer.concat([
    Buffer.from('PRIV'),
    Buffer.from([0, 0, 0, owner.length + 8, 0, 0]),
    owner,
    time,
  ]);
  return Buffer.concat([Buffer.from('ID3\x04\0\0', 'latin1'), Buffer.from([0, 0, 0, body.length]), body]);
}

describe('a segment', () => {
  it.each([
    ['ts', ts()],
    ['fmp4', box('styp')],
    ['fmp4', box('moof')],
    ['aac', frame(0xff, 0xf1, 0x50, 0x80)],
    ['mp3', frame(0xff, 0xfb, 0x90, 0x00)],
    ['ac3', frame(0x0b, 0x77, 0, 0, 0, 8 << 3)],
    ['eac3', frame(0x0b, 0x77, 0, 0, 0, 16 << 3)],
  ])('is known for %s by its first bytes', (kind, bytes) => {
    expect(readSegmentStart(bytes)).toEqual({ kind, at: 0, tagMs: undefined });
  });

  it.each([
    ['MP3', [0xff, 0xfb, 0x90, 0]],
    ['AAC', [0xff, 0xf1, 0x50, 0x80]],
    ['AC-3', [0x0b, 0x77, 0, 0, 0, 8 << 3]],
  ])('is MPEG-TS also where the end of a packet before looks like %s', (_kind, head) => {
    const rest = Buffer.concat([Buffer.from(head), Buffer.alloc(100, 0xff)]);
    expect(readSegmentStart(Buffer.concat([rest, ts()]))).toEqual({
      kind: 'ts',
      at: rest.length,
      tagMs: undefined,
    });
  });

  it('of packed audio has its time in a tag', () => {
    const tag = id3(900_000n + 2n ** 33n);
    expect(readSegmentStart(Buffer.concat([tag, frame(0xff, 0xf1, 0x50, 0x80)]))).toEqual({
      kind: 'aac',
      at: tag.length,
      tagMs: 10_000,
    });
  });

  it('is found behind a picture that was put in front of it', () => {
    const picture = Buffer.concat([Buffer.from('\x89PNG\r\n', 'latin1'), Buffer.alloc(500, 0x47)]);
    const start = readSegmentStart(Buffer.concat([picture, ts(400)]));
    expect(start?.kind).toBe('ts');
  });

  it.each([
    ['a page', Buffer.from('<html><body>Not found</body></html>')],
    ['subtitles', Buffer.from('WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n')],
    ['a picture', Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(64)])],
    ['nothing', Buffer.alloc(0)],
  ])('that is %s is none', (_what, bytes) => {
    expect(readSegmentStart(bytes)).toBeUndefined();
  });

  it('never makes its reader fail', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const start = readSegmentStart(Buffer.from(bytes));
        expect(start === undefined || start.at <= bytes.length + 2 ** 28).toBe(true);
      }),
    );
  });
});
