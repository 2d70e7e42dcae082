import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { diskOfHost } from '../../../container/host/sharedDisk.ts';
import { Spool, SpoolFullError } from '../../../container/upload/spool.ts';

describe('what waits for S3', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'spool-'));
  afterAll(() => rm(folder, { recursive: true }));

  it('of recordings that share a disk: each has its share, and more only while there is more', async () => {
    let hasMore: boolean = true;
    const disk = { shareBytes: 100, hasMore: () => hasMore };
    const [large, small] = ['large', 'small'].map((name) => new Spool(path.join(folder, name), 1_000, disk));
    if (large === undefined || small === undefined) throw new Error('there are two');
    await Promise.all([large.open(), small.open()]);
    large.reserve(900);
    await large.put([Buffer.alloc(800), Buffer.alloc(100)]);
    hasMore = false;
    // One that has taken more than its share ends; the others do not.
    expect(() => large.reserve(1)).toThrow(SpoolFullError);
    small.reserve(100);
    await small.put([Buffer.alloc(100)]);
    expect(() => small.reserve(1)).toThrow(SpoolFullError);
    hasMore = true;
    small.reserve(900);
    expect(() => small.reserve(901)).toThrow(SpoolFullError);
  });

  it('a share is what as many recordings as there may be can take beside each other', () => {
    const { shareBytes } = diskOfHost(folder, 40);
    expect(shareBytes).toBeGreaterThan(0);
    expect(diskOfHost(folder, 80).shareBytes).toBeCloseTo(shareBytes / 2, -1);
  });
});
