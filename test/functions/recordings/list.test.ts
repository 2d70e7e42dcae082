import { beforeEach, describe, expect, it } from 'vitest';
import type { StateStore } from '../../../functions/aws/stateStore.ts';
import { recordingStatus } from '../../../functions/core/state/fold.ts';
import { newRecordingId } from '../../../functions/core/state/ids.ts';
import { activeKey, indexKey, jobKey, outcomeKey } from '../../../functions/core/state/keys.ts';
import { type ListQuery, listRecordings } from '../../../functions/recordings/list.ts';
import { MemoryStore } from '../../support/memoryStore.ts';
import { landedPart, START_MS } from '../relocation/landed.ts';

/** Newer than all that goes on. */
const ENDED = 310;
const ACTIVE = 5;

/** State in memory that is listed in pages. */
class ListedStore extends MemoryStore {
  async listPage(prefix: string, { after = '', max }: { readonly after?: string; readonly max: number }) {
    const left = (await this.list(prefix)).filter((key) => key > after);
    return { entries: left.slice(0, max).map((key) => ({ key })), hasMore: left.length > max };
  }
}

describe('recordings that go on, behind many that have ended', () => {
  const store = new ListedStore();
  const { job } = landedPart(Buffer.from('part'), 1, {});
  const active: string[] = [];
  let requests = 0;

  beforeEach(() => {
    requests = 0;
    if (store.objects.size > 0) return;
    for (let n = 0; n < ACTIVE + ENDED; n++) {
      const recordingId = newRecordingId(START_MS + n * 1000, Buffer.alloc(16, 1));
      store.put(jobKey(recordingId), { ...job, recordingId, requestedAtMs: START_MS + n * 1000 });
      store.put(indexKey(recordingId), { recordingId });
      if (n < ACTIVE) {
        store.put(activeKey(recordingId), { recordingId, mediaSessionId: job.mediaSessionId });
        active.unshift(recordingId);
        continue;
      }
      const reason = { code: 'stopped', message: 'stopped' };
      store.put(outcomeKey(recordingId), { status: 'finished', reason, parts: 0, atMs: START_MS });
    }
    store.before = () => {
      requests += 1;
    };
  });

  const list = async (query: Partial<ListQuery>, status = 'starting') => {
    const { recordings, nextToken } = await listRecordings(store as unknown as StateStore, {
      limit: 50,
      wants: (summary) => recordingStatus(summary) === status,
      ...query,
    });
    return { ids: recordings.map((one) => one.job.recordingId), nextToken };
  };

  it('are found at once, newest first, and nothing that has ended is read', async () => {
    expect(await list({ active: true })).toEqual({ ids: active, nextToken: undefined });
    // The markers; a list and the job of each.
    expect(requests).toBe(1 + 2 * ACTIVE);
    expect((await list({})).ids).toEqual([]);
  });

  it('come in pages, whose tokens are those of any list, and between times', async () => {
    const first = await list({ active: true, limit: 2 });
    expect(first.ids).toEqual(active.slice(0, 2));
    const nextToken = first.nextToken ?? '';
    expect((await list({ active: true, limit: 3, nextToken })).ids).toEqual(active.slice(2));
    expect((await list({ nextToken })).ids).toEqual(active.slice(2));
    const between = { fromMs: START_MS + 1000, toMs: START_MS + 2000 };
    expect((await list({ active: true, ...between })).ids).toEqual(active.slice(2, 4));
  });
});
