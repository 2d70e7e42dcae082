import { expect } from 'vitest';
import type { Landed, MoveBench } from './bench.ts';

/** Exactly one object, the landed bytes, in the library; source gone, state right, events with one id. */
export async function expectMovedOnce(
  bench: MoveBench,
  landed: Landed,
  expected: Buffer = landed.body,
): Promise<void> {
  const moved = await bench.moved(landed);
  const { recordingId } = landed.job;
  const own: string[] = [];
  for (const key of await bench.keys('library')) {
    const { Metadata = {} } = await bench.head(key);
    if (Metadata['recording-id'] === recordingId && Metadata.part === String(landed.open.part)) own.push(key);
  }
  expect(own).toEqual([moved?.key]);
  expect((await bench.read(moved?.key ?? '')).equals(expected)).toBe(true);
  expect(moved).toMatchObject({ bucket: 'library', bytes: expected.length });
  expect(await bench.keys('landing', landed.key)).toEqual([]);
  const details = bench.available(landed);
  expect(details.length).toBeGreaterThan(0);
  expect(new Set(details.map(({ id }) => id)).size).toBe(1);
  for (const { bucket, key } of details)
    expect({ bucket, key }).toEqual({ bucket: 'library', key: moved?.key });
}
