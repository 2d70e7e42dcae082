import { buffer } from 'node:stream/consumers';
import { afterEach, expect, it, vi } from 'vitest';
import type { KeyRing } from '../../../../container/source/hls/keyRing.ts';
import { readSegment } from '../../../../container/source/hls/segmentBytes.ts';
import { HttpFault, type JudgedHttp } from '../../../../container/source/reach/judgedHttp.ts';

const SEGMENT = Buffer.from('a segment');
const ADDRESS = {
  ...{ url: 'http://packager.test/0.ts', range: undefined, key: undefined },
  ...{ sequence: 0n, durationMs: 1_000 },
};

afterEach(() => void vi.restoreAllMocks());

it('a segment is asked for again where this process did not run while it waited for the first answer', async () => {
  const now = performance.now.bind(performance);
  let stoodStillMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now() + stoodStillMs);
  let asked = 0;
  const get = async () => {
    asked += 1;
    if (asked > 1) return { url: ADDRESS.url, bytes: SEGMENT.length, body: [SEGMENT] };
    stoodStillMs += 60_000;
    throw new HttpFault('did not answer in time');
  };
  const options = {
    ...{ http: { get } as unknown as JudgedHttp, keys: undefined as unknown as KeyRing },
    idleTimeoutMs: 6_000,
  };
  const read = readSegment(ADDRESS, options, new AbortController().signal);
  expect(await buffer(read)).toEqual(SEGMENT);
  expect(asked).toBe(2);
});
