import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFragmentIndex } from '../../../../../functions/core/media/fragmentIndex/reader.ts';
import type { IndexedTrack } from '../../../../../functions/core/media/fragmentIndex/types.ts';
import {
  type FragmentEntry,
  FragmentIndexWriter,
} from '../../../../../functions/core/media/fragmentIndex/writer.ts';
import { MemoryPages } from '../../../../../functions/core/media/pages.ts';
import { toBuffer } from '../../../../../functions/core/media/pieces.ts';
import { MediaError } from '../../../../../functions/core/media/types.ts';

const HOURS_26_MS = 26 * 3_600_000;
const size = fc.integer({ min: 0, max: 2 ** 40 });
const table = fc.record({ position: size, entries: fc.integer({ min: 0, max: 2 ** 32 - 1 }) });
const track: fc.Arbitrary<IndexedTrack> = fc.record({
  id: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  kind: fc.constantFrom('video' as const, 'audio' as const),
  isWatched: fc.boolean(),
  timescale: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  zeroTime: size,
  samples: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  tables: fc.record({ durations: table, offsets: table, syncSamples: table, sizes: table }),
});

/** How a track goes on from one fragment to the next. */
const step = fc.record({
  gap: fc.integer({ min: -1_000, max: 10_000_000 }),
  duration: fc.integer({ min: 0, max: 10_000_000 }),
  firstOffset: fc.integer({ min: -90_000, max: 90_000 }),
  entries: fc.tuple(fc.nat(1_000), fc.nat(1_000), fc.nat(1_000)),
  into: fc.tuple(fc.nat(100_000), fc.nat(100_000)),
  runs: fc.array(fc.record({ samples: fc.nat(2_000), dataOffset: fc.nat(2 ** 31) }), {
    minLength: 1,
    maxLength: 3,
  }),
});
const fragment = fc.record({
  bytes: fc.nat(2 ** 31),
  watched: fc.double({ min: 0, max: 1, noNaN: true }),
  keyframe: fc.boolean(),
  startMs: fc.integer({ min: 0, max: HOURS_26_MS }),
  durationMs: fc.nat(20_000),
  steps: fc.array(fc.option(step, { nil: undefined }), { minLength: 3, maxLength: 3 }),
});

/** Entries as a muxer would make them: decode times and places go on from what came before. */
function entriesOf(
  fragments: readonly (typeof fragment extends fc.Arbitrary<infer T> ? T : never)[],
  tracks: number,
) {
  const places = Array.from({ length: tracks }, () => ({ end: 10_000, durations: 0, offsets: 0, sync: 0 }));
  return fragments.map(
    ({ bytes, watched, keyframe, startMs, durationMs, steps }): FragmentEntry => ({
      bytes,
      watchedBytes: Math.floor(bytes * watched),
      keyframe,
      startMs,
      endMs: startMs + durationMs,
      tracks: places.map((place, at) => {
        const one = steps[at];
        if (one === undefined) return undefined;
        const decodeTime = place.end + one.gap;
        place.end = decodeTime + one.duration;
        place.durations += one.entries[0];
        place.offsets += one.entries[1];
        place.sync += one.entries[2];
        return {
          decodeTime,
          duration: one.duration,
          firstOffset: one.firstOffset,
          durations: { entry: place.durations, into: one.into[0] },
          offsets: { entry: place.offsets, into: one.into[1] },
          syncSamples: place.sync,
          runs: one.runs,
        };
      }),
    }),
  );
}

const index = fc.record({
  tracks: fc.array(track, { maxLength: 3 }),
  init: fc.uint8Array({ maxLength: 3_000 }).map((bytes) => Buffer.from(bytes)),
  headBytes: size,
  isMixed: fc.boolean(),
  container: fc.constantFrom('mp4' as const, 'ts' as const),
  fragments: fc.array(fragment, { maxLength: 60 }),
});
type Index = typeof index extends fc.Arbitrary<infer T> ? T : never;

function written({ fragments, ...facts }: Index): {
  readonly bytes: Buffer;
  readonly entries: FragmentEntry[];
} {
  const writer = new FragmentIndexWriter(new MemoryPages(), facts.tracks.length);
  const entries = entriesOf(fragments, facts.tracks.length);
  for (const entry of entries) writer.add(entry);
  return { bytes: toBuffer(writer.finish(facts)), entries };
}

describe('the index of fragments', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(index, (wanted) => {
        const { bytes, entries } = written(wanted);
        const { fragments, spans, ...facts } = readFragmentIndex(bytes);
        const { fragments: _given, ...given } = wanted;
        expect(facts).toEqual(given);
        const samples = given.tracks.map(() => 0);
        let offset = given.headBytes;
        const read = [...fragments()];
        expect([...spans()]).toEqual(read.map(({ tracks: _tracks, ...span }) => span));
        expect(read).toEqual(
          entries.map(({ tracks, ...entry }) => {
            const placed = {
              ...entry,
              offset,
              tracks: tracks.map((one, at) => {
                if (one === undefined) return undefined;
                const count = one.runs.reduce((sum, run) => sum + run.samples, 0);
                const sample = samples[at] ?? 0;
                samples[at] = sample + count;
                return { ...one, sample, samples: count };
              }),
            };
            offset += entry.bytes;
            return placed;
          }),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('is refused with a MediaError, and nothing else, when it is cut off or damaged', () => {
    let refused = 0;
    const damage = fc.array(fc.tuple(fc.nat(5_000), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(index, damage, fc.double({ min: 0, max: 1, noNaN: true }), (wanted, damages, share) => {
        const { bytes } = written(wanted);
        for (const [at, byte] of damages) bytes[at % bytes.length] = byte;
        for (const read of [bytes, bytes.subarray(0, Math.floor(bytes.length * share))])
          for (const kind of ['fragments', 'spans'] as const)
            try {
              for (const _one of readFragmentIndex(read)[kind]());
            } catch (error) {
              refused += 1;
              expect(error).toBeInstanceOf(MediaError);
            }
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(200);
  });

  it('has a day of pictures and sound in 3.5 MB', () => {
    const writer = new FragmentIndexWriter(new MemoryPages(), 2);
    const seconds = 24 * 3_600;
    for (let i = 0; i < seconds; i++) {
      // Times of RTMP: whole milliseconds, so that there is no run of equal durations.
      const of = (rate: number, samples: number, dataOffset: number) => ({
        decodeTime: i * rate,
        duration: rate,
        firstOffset: 0,
        durations: { entry: i * samples, into: 0 },
        offsets: { entry: i * samples, into: 0 },
        syncSamples: i,
        runs: [{ samples, dataOffset }],
      });
      writer.add({
        bytes: 500_000 + (i % 1_000),
        watchedBytes: 500_000 + (i % 1_000),
        keyframe: i % 2 === 0,
        startMs: i * 1_000,
        endMs: (i + 1) * 1_000,
        tracks: [of(90_000, 30, 1_200), of(48_000, 47, 480_000)],
      });
    }
    const facts = {
      container: 'mp4',
      headBytes: 40_000_000,
      isMixed: false,
      init: Buffer.alloc(1_300),
    } as const;
    expect(writer.finish({ ...facts, tracks: [] }).bytes).toBeLessThan(3_500_000);
  });
});
