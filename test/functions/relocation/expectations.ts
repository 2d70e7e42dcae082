import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import type { MoveBench } from './bench.ts';
import type { Landed } from './landed.ts';

/** Exactly one object, the landed bytes, in the library; source gone, state right, events with one id. */
export async function expectMovedOnce(
  bench: MoveBench,
  landed: Landed,
  expected: Buffer = landed.body,
): Promise<void> {
  const moved = await bench.moved(landed);
  const { recordingId } = landed.job;
  const own: string[] = [];
  for (const [key, metadata] of await libraryMetadata(bench))
    if (metadata['recording-id'] === recordingId && metadata.part === String(landed.open.part)) own.push(key);
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

type Metadata = Readonly<Record<string, string>>;
const seen = new WeakMap<MoveBench, Map<string, Metadata>>();

/** Of every object in the library, by key. What has not changed since it was last looked at is not asked for again. */
async function libraryMetadata(bench: MoveBench): Promise<Map<string, Metadata>> {
  const known = seen.get(bench) ?? new Map<string, Metadata>();
  seen.set(bench, known);
  const { Contents = [], IsTruncated } = await bench.s3.send(new ListObjectsV2Command({ Bucket: 'library' }));
  expect(IsTruncated).toBe(false);
  const found = new Map<string, Metadata>();
  for (const { Key = '', ETag, LastModified } of Contents) {
    const state = `${Key} ${ETag} ${LastModified?.getTime()}`;
    const metadata = known.get(state) ?? (await bench.head(Key)).Metadata ?? {};
    known.set(state, metadata);
    found.set(Key, metadata);
  }
  return found;
}
