import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { saveLeftFragments, writeAheadFolder } from '../../../container/host/leftFragments.ts';
import { WriteAheadLog } from '../../../container/upload/writeAheadLog.ts';
import type { StateStore } from '../../../functions/aws/stateStore.ts';
import { checkBytes, decodeIndex } from '../../../functions/core/journal/format.ts';
import { journalId, journalKey } from '../../../functions/core/state/keys.ts';
import { MemoryS3 } from '../../support/memoryS3.ts';

const log = new Logger({ logLevel: 'SILENT' });
const ID = journalId('host', 'worker');

describe('what a dead worker left on the disk', () => {
  let spool: string;
  let s3: MemoryS3;
  beforeEach(async () => {
    spool = await mkdtemp(path.join(tmpdir(), 'left-'));
    s3 = new MemoryS3();
  });
  afterEach(() => rm(spool, { recursive: true, force: true }));

  const save = (written: readonly string[]) => {
    const store = { bucket: 'landing', list: async () => written } as unknown as StateStore;
    const folder = writeAheadFolder(spool, 'worker');
    return saveLeftFragments({ s3: s3 as unknown as S3Client, store, log }, ID, folder);
  };

  async function leave(bytes: Buffer): Promise<void> {
    const written = new WriteAheadLog(writeAheadFolder(spool, 'worker'), log);
    const facts = { fromMs: 0, durationMs: 1_000, videoFrames: 25, atMs: 1 };
    const entry = {
      recordingId: 'one',
      attempt: 2,
      file: 1,
      offset: 70,
      bytes: bytes.length,
      keyframe: true,
    };
    const hold = async () => ({ pieces: [bytes], release: () => undefined });
    const crc32Of = () => crc32(bytes);
    const isKept = () => true;
    written.add({ entry: { ...entry, ...facts }, isKept, crc32: crc32Of, hold, isSaved: () => false });
    await written.written();
  }

  it('is in its journal, behind the object that may be on its way, and on the disk no more', async () => {
    await leave(Buffer.from('a fragment'));
    await save([journalKey(ID, 5), journalKey(ID, 6)]);
    const object = s3.object(journalKey(ID, 8));
    const index = decodeIndex(object, object.length);
    const [entry] = 'entries' in index ? index.entries : [];
    expect(entry).toMatchObject({ recordingId: 'one', attempt: 2, file: 1, offset: 70, durationMs: 1_000 });
    if (entry !== undefined) checkBytes(entry, object.subarray(0, entry.bytes));
    expect(object.subarray(0, 10).toString()).toBe('a fragment');
    expect(await readdir(path.dirname(writeAheadFolder(spool, 'worker')))).toEqual([]);
  });

  it('stays there while S3 takes nothing', async () => {
    await leave(Buffer.from('a fragment'));
    s3.isAway = true;
    await expect(save([])).rejects.toThrow('S3 is away');
    s3.isAway = false;
    await save([]);
    expect([...s3.written.keys()]).toEqual([journalKey(ID, 2)]);
  });

  it('is nothing where it had recorded nothing', async () => {
    await save([]);
    expect(s3.calls).toEqual([]);
  });
});
