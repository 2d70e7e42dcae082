import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementsIn, ID } from '../../../../../functions/core/media/matroska/ebml.ts';
import { MatroskaFragmentWriter } from '../../../../../functions/core/media/matroska/fragmentWriter.ts';
import type { TrackDescription } from '../../../../../functions/core/media/tracks/sample.ts';
import type { TimedSample } from '../../../../../functions/core/media/tracks/trackQueue.ts';

const UNITS_PER_MS = 90;
const PICTURES: TrackDescription = {
  info: { kind: 'video', codec: 'mjpeg', width: 16, height: 16 },
  tag: Buffer.from('MJPG'),
  configuration: Buffer.alloc(0),
  timescale: 1_000 * UNITS_PER_MS,
  pixelWidth: 1,
  pixelHeight: 1,
  primingSamples: 0,
};
const TIMES = { startMs: 0, endMs: 0, keyframe: true };

const pictureAt = (dts: number, offset = 0): TimedSample => ({
  ...{ dts, offset, keyframe: true, duration: 1 },
  data: Buffer.from('picture'),
});

/** When the fragment's blocks are shown, in ms. */
function blocksOf(writer: MatroskaFragmentWriter, samples: readonly TimedSample[]): number[] {
  const bytes = samples.reduce((sum, { data }) => sum + data.length, 0);
  const fragment = writer.write([{ id: 1, description: PICTURES, samples, bytes, primingSamples: 0 }], TIMES);
  return elementsIn(fragment.bytes.subarray(fragment.dataAt))
    .filter(({ id }) => id === ID.simpleBlock)
    .map(({ data }) => fragment.timestamp + data.readInt16BE(1));
}

describe('blocks of Matroska', () => {
  it('have a millisecond each, however close pictures are, and as few of their own time as that takes', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 4 * UNITS_PER_MS }), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.nat(60), (stepUnits, cutAt) => {
        const samples = stepUnits.map((_, place) =>
          pictureAt(stepUnits.slice(0, place + 1).reduce((sum, step) => sum + step)),
        );
        const writer = new MatroskaFragmentWriter('mkv');
        const [first, second] = [samples.slice(0, cutAt), samples.slice(cutAt)];
        const ms = [first, second].flatMap((some) => (some.length === 0 ? [] : blocksOf(writer, some)));
        const least = (place: number): number =>
          Math.max(Math.round((samples[place]?.dts ?? 0) / UNITS_PER_MS), (ms[place - 1] ?? -1) + 1);
        expect(ms).toEqual(samples.map((_, place) => least(place)));
      }),
      { numRuns: 60 },
    );
  });

  it('are where they were when a part begins with them, and they are written once more', () => {
    const writer = new MatroskaFragmentWriter('mkv');
    const samples = [0, 20, 40, 9_000].map((dts) => pictureAt(dts));
    expect([blocksOf(writer, samples), blocksOf(writer, samples)]).toEqual([
      [0, 1, 2, 100],
      [0, 1, 2, 100],
    ]);
  });

  it('of pictures that are shown in another order are not moved', () => {
    const frame = 40 * UNITS_PER_MS;
    const samples = [pictureAt(0, frame), pictureAt(frame, 2 * frame), pictureAt(2 * frame, 0)];
    expect(blocksOf(new MatroskaFragmentWriter('mkv'), samples)).toEqual([40, 120, 80]);
  });
});
