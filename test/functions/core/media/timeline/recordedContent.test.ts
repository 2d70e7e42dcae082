import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordedContent } from '../../../../../functions/core/media/timeline/recordedContent.ts';

const VIDEO = 1;
const SOUND = 2;

const sampleOf = (track: number, number: number): Buffer =>
  Buffer.from(`track ${track}, sample ${number}`.repeat(40));

/** Remembers the first so many samples of both tracks, which the recording has 500 ms later than the source. */
function recorded(samples: number): RecordedContent {
  const content = new RecordedContent();
  for (let i = 0; i < samples; i++) {
    for (const track of [VIDEO, SOUND]) content.remember(track, sampleOf(track, i), 40 * i + 500);
  }
  return content;
}

describe('RecordedContent', () => {
  it('of what comes again nothing is recorded twice, and nothing new is dropped', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3_000 }),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: -1e6, max: 1e6 }),
        (samples, back, more, baseMs) => {
          const first = Math.max(0, samples - back);
          const rejoined = recorded(samples).rejoin();
          const kept: string[] = [];
          for (let i = first; i < samples + more; i++) {
            for (const track of [VIDEO, SOUND]) {
              if (!rejoined.isRepeated(track, sampleOf(track, i), 40 * i + baseMs))
                kept.push(`${track}/${i}`);
            }
          }
          const expected = Array.from({ length: more }, (_, i) =>
            [VIDEO, SOUND].map((track) => `${track}/${samples + i}`),
          );
          expect(kept).toEqual(expected.flat());
          expect(rejoined.shiftMs).toBe(500 - baseMs);
          expect(rejoined.isSeamless(VIDEO)).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('what is new is new from its first sample on', () => {
    const rejoined = recorded(100).rejoin();
    for (let i = 200; i < 300; i++)
      expect(rejoined.isRepeated(VIDEO, sampleOf(VIDEO, i), 40 * i)).toBe(false);
    // Once something new has come, what looks alike is not dropped.
    expect(rejoined.isRepeated(VIDEO, sampleOf(VIDEO, 50), 9_000)).toBe(false);
    expect(rejoined.shiftMs).toBeUndefined();
    expect(rejoined.isSeamless(VIDEO)).toBe(false);
  });

  it('a picture that stands still is no repeat', () => {
    const content = new RecordedContent();
    const gop = ['key', 'same', 'same', 'same'].map((one) => Buffer.from(one.repeat(50)));
    for (let i = 0; i < 400; i++) content.remember(VIDEO, gop[i % 4] ?? Buffer.alloc(0), 40 * i);
    const rejoined = content.rejoin();
    for (let i = 0; i < 40; i++)
      expect(rejoined.isRepeated(VIDEO, gop[i % 4] ?? Buffer.alloc(0), 40 * i)).toBe(false);
  });

  it('silence is known again by where the pictures are', () => {
    const content = new RecordedContent();
    const silence = Buffer.from('silence');
    for (let i = 0; i < 100; i++) {
      content.remember(VIDEO, sampleOf(VIDEO, i), 500 * i);
      content.remember(SOUND, silence, 500 * i);
    }
    const rejoined = content.rejoin();
    for (let i = 90; i < 100; i++) {
      expect(rejoined.isRepeated(VIDEO, sampleOf(VIDEO, i), 500 * i)).toBe(true);
      expect(rejoined.isRepeated(SOUND, silence, 500 * i)).toBe(true);
    }
    expect(rejoined.isRepeated(SOUND, silence, 500 * 100)).toBe(false);
  });
});
