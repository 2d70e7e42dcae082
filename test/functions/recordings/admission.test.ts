import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { activeKey } from '../../../functions/core/state/keys.ts';
import { Admission } from '../../../functions/recordings/admission.ts';
import { ManualClock } from '../../support/memoryStore.ts';

const MAX = 5;
const PAGE = 2;
let active: number;
let pages: number;
let clock: ManualClock;

beforeEach(() => {
  active = 0;
  pages = 0;
  clock = new ManualClock();
});

/** As S3 lists: in pages, after a key. */
const listPage = async (_prefix: string, { after }: { readonly after?: string }) => {
  pages += 1;
  const keys = Array.from({ length: active }, (_, n) => activeKey(String(n).padStart(4, '0')));
  const rest = keys.filter((key) => after === undefined || key > after);
  return {
    entries: rest.slice(0, PAGE).map((key) => ({ key, modifiedAtMs: 0, etag: '', bytes: 1 })),
    hasMore: rest.length > PAGE,
  };
};
const admission = () => new Admission({ listPage }, clock, MAX);
const admitted = async (one: Admission): Promise<boolean> => {
  try {
    await one.admit();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'too_many_recordings', status: 429 });
    expect((error as Error).message).toContain(`${MAX} recordings go on`);
    return false;
  }
};

describe('a deployment that allows five recordings', () => {
  it('never has more of one instance, whatever ends and comes when, and takes one where there is room', async () => {
    const step = fc.record({ ends: fc.nat(3), afterMs: fc.nat(12_000) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        active = 0;
        const one = admission();
        for (const { ends, afterMs } of steps) {
          active = Math.max(0, active - ends);
          clock.timeMs += afterMs;
          const isIn = await admitted(one);
          expect(isIn).toBe(active < MAX);
          if (isIn) active += 1;
        }
      }),
    );
  });

  it('is not listed for each start, and never beyond the limit', async () => {
    const one = admission();
    for (let n = 0; n < MAX; n++) {
      expect(await admitted(one)).toBe(true);
      active += 1;
    }
    expect(pages).toBe(1);
    active = 1_000;
    pages = 0;
    expect(await admitted(admission())).toBe(false);
    expect(pages).toBe(Math.ceil(MAX / PAGE));
  });
});
