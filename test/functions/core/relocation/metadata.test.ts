import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeMetadata,
  encodeMetadata,
  recordMetadata,
} from '../../../../functions/core/relocation/metadata.ts';
import { CODE_POINT } from '../../../support/codePoint.ts';

const job = (name: string) => ({
  recordingId: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  mediaSessionId: 'session/1',
  stream: { name },
});
const open = {
  part: 2,
  tracks: [
    { kind: 'video', codec: 'h264' },
    { kind: 'audio', codec: 'aac' },
  ] satisfies { kind: 'video' | 'audio'; codec: string }[],
};
const final = { startTimeMs: 1000, endTimeMs: 61_000, durationMs: 60_000.4, recovered: false };

/** As S3 counts, and with the header's prefix. */
function sizeOf(metadata: Record<string, string>): number {
  return Object.entries(metadata).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(`x-amz-meta-${key}${value}`),
    0,
  );
}

describe('recordMetadata', () => {
  it('says what the record is', () => {
    expect(decodeMetadata(recordMetadata(job('Зал 1'), open, final))).toEqual({
      'recording-id': '01ARZ3NDEKTSV4RRFFQ69G5FAV',
      part: '2',
      'start-time': '1000',
      'end-time': '61000',
      'duration-ms': '60000',
      'video-codec': 'h264',
      'audio-codec': 'aac',
      recovered: 'false',
      'media-session-id': 'session/1',
      'stream-name': 'Зал 1',
    });
  });

  it('says what the whole name was, if it was trimmed', () => {
    const named = { trimmed: true, whole: 'stream_records/ä.mp4' };
    expect(decodeMetadata(recordMetadata(job('a'), open, final, named))).toMatchObject({
      'name-trimmed': 'true',
      'whole-name': 'stream_records/ä.mp4',
    });
    const untrimmed = recordMetadata(job('a'), open, final, { ...named, trimmed: false });
    expect(untrimmed).toMatchObject({ 'name-trimmed': 'false' });
    expect(untrimmed).not.toHaveProperty('whole-name');
  });

  it('leaves out what is too long, and names it', () => {
    const metadata = recordMetadata(job('x'.repeat(100_000)), open, final, {
      trimmed: true,
      whole: 'short.mp4',
    });
    expect(metadata).toMatchObject({
      'recording-id': '01ARZ3NDEKTSV4RRFFQ69G5FAV',
      part: '2',
      'whole-name': 'short.mp4',
      omitted: 'stream-name',
    });
    expect(sizeOf(metadata)).toBeLessThanOrEqual(2048);
  });
});

describe('encodeMetadata', () => {
  const text = fc.oneof(
    fc.string({ unit: CODE_POINT, maxLength: 700 }),
    fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 50 })
      .map((all) => String.fromCharCode(...all)),
  );
  const entries = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z][a-z-]{0,20}$/), text), {
    selector: ([key]) => key,
    maxLength: 12,
  });

  it('gives ASCII of at most 2 KB that decodes to the same, or is named as omitted', () => {
    fc.assert(
      fc.property(entries, (given) => {
        fc.pre(given.every(([key]) => key !== 'omitted'));
        const metadata = encodeMetadata(given);
        expect(sizeOf(metadata)).toBeLessThanOrEqual(2048);
        for (const value of Object.values(metadata)) expect(value).toMatch(/^[\x21-\x7e]*$/);
        const { omitted = '', ...decoded } = decodeMetadata(metadata);
        const left = new Set(omitted.split(','));
        const kept = given
          .filter(([key]) => !left.has(key))
          .map(([key, value]) => [key, value.toWellFormed()]);
        expect(Object.entries(decoded)).toEqual(kept);
      }),
      { numRuns: 500 },
    );
  });

  it('leaves foreign metadata as it is', () => {
    expect(decodeMetadata({ note: '100%' })).toEqual({ note: '100%' });
  });
});
