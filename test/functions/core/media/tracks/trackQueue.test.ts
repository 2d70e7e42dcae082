import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrackDescription } from '../../../../../functions/core/media/tracks/sample.ts';
import { TrackQueue } from '../../../../../functions/core/media/tracks/trackQueue.ts';

const TIMESCALE = 90_000;
const description: TrackDescription = {
  info: { kind: 'video', codec: 'h264', width: 64, height: 64 },
  tag: Buffer.alloc(4),
  configuration: Buffer.alloc(0),
  timescale: TIMESCALE,
  pixelWidth: 0,
  pixelHeight: 0,
  primingSamples: 0,
};

/** Durations of pictures that come at these times, each a fragment of its own, as each is told when the next is there. */
function durationsOf(times: readonly number[]): number[] {
  const queue = new TrackQueue(1, 'video');
  return times.flatMap((dts, place) => {
    queue.push({ description, dts, offset: 0, keyframe: true, data: Buffer.alloc(1) }, 0);
    const isLast = place === times.length - 1;
    return queue.take(isLast ? queue.length : queue.length - 1).samples.map(({ duration }) => duration);
  });
}

describe('durations of samples that are fragments of their own', () => {
  it('become the distance between them, however rare they are, and so does that of the last one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 * TIMESCALE }),
        fc.integer({ min: 4, max: 20 }),
        (distance, count) => {
          const durations = durationsOf(Array.from({ length: count }, (_, place) => place * distance));
          expect(durations).toHaveLength(count);
          expect(durations.slice(1)).toEqual(durations.slice(1).map(() => distance));
        },
      ),
    );
  });

  it('are those of a picture a second, or more often, from the first one on', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1.5 * TIMESCALE }),
        fc.integer({ min: 3, max: 20 }),
        (distance, count) => {
          const durations = durationsOf(Array.from({ length: count }, (_, place) => place * distance));
          expect(durations).toEqual(durations.map(() => distance));
        },
      ),
    );
    // What is longer than they last is still a pause.
    expect(durationsOf([0, 1, 26, 27].map((place) => place * TIMESCALE))).toEqual(
      [1, 1, 1, 1].map((seconds) => seconds * TIMESCALE),
    );
  });

  it('do not take in a pause after the first one', () => {
    const distance = TIMESCALE / 25;
    const times = [0, 100, 101, 102].map((place) => place * distance);
    expect(durationsOf(times)).toEqual(times.map(() => distance));
  });

  it('do not take in a pause', () => {
    const distance = TIMESCALE / 25;
    const times = [0, 1, 2, 3, 1_000, 1_001, 1_002].map((place) => place * distance);
    expect(durationsOf(times)).toEqual(times.map(() => distance));
  });

  it('are as far as the next one within a fragment, whatever the ones before were', () => {
    const info = { kind: 'audio' as const, codec: 'aac', sampleRateHz: 48_000, channels: 1 };
    const sound = { ...description, info, timescale: 48_000 };
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.constant(1_024), fc.constant(50_000)), {
          minLength: 2,
          maxLength: 20,
        }),
        (steps) => {
          const queue = new TrackQueue(1, 'audio');
          let dts = 0;
          for (const step of [0, ...steps]) {
            dts += step;
            queue.push({ description: sound, dts, offset: 0, keyframe: true, data: Buffer.alloc(1) }, 0);
          }
          const durations = queue.take(queue.length).samples.map(({ duration }) => duration);
          expect(durations.slice(0, -1)).toEqual(steps);
        },
      ),
      // A sample of next to no length, behind which each one seems to be a pause.
      { examples: [[[1_024, 24, 1_024, 2_029, 1_024]], [[1_024, 1_024, 50_000]]] },
    );
  });
});
