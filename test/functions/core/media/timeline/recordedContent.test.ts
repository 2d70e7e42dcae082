import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ComingSample,
  type JoinedContent,
  RecordedContent,
} from '../../../../../functions/core/media/timeline/recordedContent.ts';

const VIDEO = 'video';
const SOUND = 'sound';
/** Where the recording has the first connection's time zero. */
const ZERO_MS = 1_000_000;

const bytesOf = (track: string, number: number): Buffer =>
  Buffer.from(`${track}, sample ${number}`.repeat(40));

const sampleOf = (track: string, number: number, timeMs: number): ComingSample => ({
  track,
  data: bytesOf(track, number),
  timeMs,
  isEncoded: false,
});

function record(joined: JoinedContent, samples: readonly ComingSample[]): void {
  for (const sample of samples) joined.remember(sample, sample.timeMs);
  joined.settle(ZERO_MS);
}

/** Joined again, when the first so many samples of both tracks had been recorded. */
function rejoined(samples: number): JoinedContent {
  const content = new RecordedContent();
  const numbers = Array.from({ length: samples }, (_, i) => i);
  record(
    content.join(0),
    numbers.flatMap((i) => [VIDEO, SOUND].map((track) => sampleOf(track, i, 40 * i))),
  );
  return content.join(0);
}

describe('RecordedContent', () => {
  it('silence is told by where it is to the frame, once pictures have told where all of it belongs', () => {
    const silence = (timeMs: number): ComingSample => ({
      ...sampleOf(SOUND, 0, timeMs),
      data: Buffer.alloc(9),
    });
    const content = new RecordedContent();
    const pictures = [0, 40, 80].map((ms) => sampleOf(VIDEO, ms, ms));
    const sounds = [0, 23, 46, 69, 92].map(silence);
    record(content.join(0), [...pictures, ...sounds]);
    const again = content.join(0);
    expect([...pictures, ...sounds].filter((sample) => !again.isRepeated(sample))).toEqual([]);
    expect(again.isRepeated(silence(115))).toBe(false);
    // Of a server that counts from zero for each player, too.
    const later = content.join(0);
    const moved = (sample: ComingSample): ComingSample => ({ ...sample, timeMs: sample.timeMs + 7_000 });
    expect([...pictures, ...sounds].map(moved).filter((sample) => !later.isRepeated(sample))).toEqual([]);
    expect(later.isRepeated(moved(silence(115)))).toBe(false);
  });

  it('sound that looks alike is known again by its mended times, too: ffmpeg has added turns of the counter to the first ones', () => {
    const turnedMs = 2 ** 33 / 90;
    const silence = (timeMs: number): ComingSample => ({
      ...sampleOf(SOUND, 0, timeMs),
      data: Buffer.alloc(9),
    });
    const sounds = [0, 23, 46, 69, 92].map(silence);
    const content = new RecordedContent();
    const first = content.join(0);
    for (const { timeMs } of sounds) first.remember(silence(timeMs + turnedMs), timeMs);
    first.settle(ZERO_MS);
    const again = content.join(0);
    expect([...sounds, silence(115)].map((sample) => again.isRepeated(sample))).toEqual([
      ...sounds.map(() => true),
      false,
    ]);
    expect(again.zeroAtMs).toBeCloseTo(ZERO_MS);
    expect(again.beginsInside).toBe(false);
    const inside = content.join(0);
    for (const sample of sounds.slice(2)) inside.isRepeated(sample);
    expect(inside.beginsInside).toBe(true);
  });

  it('of what comes again nothing is recorded twice, and nothing new is dropped', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3_000 }),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: -1e6, max: 1e6 }),
        (samples, back, more, baseMs) => {
          const first = Math.max(0, samples - back);
          const again = rejoined(samples);
          const kept: string[] = [];
          for (let i = first; i < samples + more; i++) {
            for (const track of [VIDEO, SOUND]) {
              if (!again.isRepeated(sampleOf(track, i, 40 * i + baseMs))) kept.push(`${track}/${i}`);
            }
          }
          const expected = Array.from({ length: more }, (_, i) =>
            [VIDEO, SOUND].map((track) => `${track}/${samples + i}`),
          );
          expect(kept).toEqual(expected.flat());
          expect(again.zeroAtMs).toBe(ZERO_MS - baseMs);
          expect(again.isSeamless(VIDEO)).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('what is new is new from its first sample on', () => {
    const again = rejoined(100);
    for (let i = 200; i < 300; i++) expect(again.isRepeated(sampleOf(VIDEO, i, 40 * i))).toBe(false);
    // Once something new has come, what looks alike is not dropped.
    expect(again.isRepeated(sampleOf(VIDEO, 50, 9_000))).toBe(false);
    expect(again.zeroAtMs).toBeUndefined();
    expect(again.isSeamless(VIDEO)).toBe(false);
  });

  it('a picture that stands still is no repeat, where the times of another connection begin anew', () => {
    const content = new RecordedContent();
    const gop = ['key', 'same', 'same', 'same'].map((one) => Buffer.from(one.repeat(50)));
    const still = (i: number, timeMs: number): ComingSample => ({
      ...sampleOf(VIDEO, i, timeMs),
      data: gop[i % 4] ?? Buffer.alloc(0),
    });
    record(
      content.join(0),
      Array.from({ length: 400 }, (_, i) => still(i, 40 * i)),
    );
    const again = content.join(0);
    for (let i = 0; i < 40; i++) expect(again.isRepeated(still(i, 40 * i + 7))).toBe(false);
  });

  it('a picture that stands still is known again by its time', () => {
    const content = new RecordedContent();
    const still = (i: number): ComingSample => ({ ...sampleOf(VIDEO, 0, 40 * i) });
    record(
      content.join(0),
      Array.from({ length: 100 }, (_, i) => still(i)),
    );
    const again = content.join(0);
    for (let i = 70; i < 100; i++) expect(again.isRepeated(still(i))).toBe(true);
    expect(again.isRepeated(still(100))).toBe(false);
    expect(again.isSeamless(VIDEO)).toBe(true);
  });

  it('silence is known again by where the pictures are', () => {
    const content = new RecordedContent();
    const silence = (timeMs: number): ComingSample => ({ ...sampleOf(SOUND, 0, timeMs) });
    record(
      content.join(0),
      Array.from({ length: 100 }, (_, i) => [sampleOf(VIDEO, i, 500 * i), silence(500 * i)]).flat(),
    );
    const again = content.join(0);
    for (let i = 90; i < 100; i++) {
      expect(again.isRepeated(sampleOf(VIDEO, i, 500 * i + 7_000))).toBe(true);
      expect(again.isRepeated(silence(500 * i + 7_000))).toBe(true);
    }
    expect(again.isRepeated(silence(500 * 100 + 7_000))).toBe(false);
  });

  it('sound that is encoded anew is known again by where the pictures are, and by nothing else', () => {
    const content = new RecordedContent();
    const encoded = (number: number, timeMs: number): ComingSample => ({
      ...sampleOf(SOUND, number, timeMs),
      isEncoded: true,
    });
    record(
      content.join(0),
      Array.from({ length: 100 }, (_, i) => [sampleOf(VIDEO, i, 40 * i), encoded(i, 40 * i)]).flat(),
    );
    const again = content.join(0);
    expect(again.isRepeated(encoded(1_000, 3_000))).toBe(false);
    expect(again.isRepeated(sampleOf(VIDEO, 80, 3_200))).toBe(true);
    expect(again.isRepeated(encoded(1_001, 3_205))).toBe(true);
    expect(again.isRepeated(encoded(1_002, 3_961))).toBe(false);
    // A turn of a counter may be counted in the pictures' pipe and not in its own.
    for (const turnMs of [2 ** 33 / 90, -(2 ** 33) / 90, 2 ** 32]) {
      const turned = content.join(0);
      turned.isRepeated(sampleOf(VIDEO, 80, 3_200));
      expect(turned.isRepeated(encoded(1_001, 3_205 + turnMs))).toBe(true);
      expect(turned.isRepeated(encoded(1_002, 3_961 + turnMs))).toBe(false);
    }
    // The source's clock jumps back behind the cache, beyond zero or not: that is none of it.
    for (const backMs of [-6_712_804, 2 ** 33 / 90 - 6_712_804]) {
      const jumped = content.join(0);
      jumped.isRepeated(sampleOf(VIDEO, 80, 3_200));
      expect(jumped.isRepeated(encoded(1_003, 3_205 + backMs))).toBe(false);
    }
    // Behind what is known all is new, also where the clock jumps back to what was recorded, beyond its counter's beginning.
    const behind = content.join(0);
    const back = [3_205, 3_968, 3_991 - 2_000 + 2 ** 33 / 90].map((ms, place) => encoded(2_000 + place, ms));
    behind.isRepeated(sampleOf(VIDEO, 80, 3_200));
    expect(back.map((sample) => behind.isRepeated(sample))).toEqual([true, false, false]);
  });

  it('what came over a connection of which nothing was recorded is not known', () => {
    const content = new RecordedContent();
    const before = content.join(0);
    for (let i = 0; i < 50; i++) before.remember(sampleOf(VIDEO, i, 40 * i), 40 * i);
    expect(content.join(0).isRepeated(sampleOf(VIDEO, 20, 800))).toBe(false);
  });
});
