import { afterAll, beforeAll, expect, it } from 'vitest';
import { MIB, patternBytes } from '../../contract/s3/support.ts';
import { MoveBench } from './bench.ts';

const PIECE = 256 * MIB;
const REPEATS = 24;

let bench: MoveBench;
beforeAll(async () => {
  bench = await MoveBench.start();
});
afterAll(() => bench.close());

/** Minutes of hashing: `npm run test:slow`. */
it.runIf(process.env.SLOW_TESTS === '1')(
  'a record of 6 GB is moved with the limits that are deployed',
  async () => {
    const landed = await bench.land(patternBytes(PIECE), { streamName: 'huge', repeats: REPEATS });
    bench.calls.length = 0;
    await bench.move(landed.key);
    expect(bench.calls.filter((name) => name === 'UploadPartCopy')).toHaveLength(REPEATS);
    expect(bench.calls).not.toContain('CopyObject');
    const head = await bench.head('stream_records/huge.mp4');
    expect(head).toMatchObject({ ContentLength: REPEATS * PIECE, ChecksumCRC32: landed.final.crc32 });
    expect(await bench.keys('landing', landed.key)).toEqual([]);
    expect(bench.available(landed)).toMatchObject([{ bytes: REPEATS * PIECE, complete: true }]);
  },
  1_200_000,
);
