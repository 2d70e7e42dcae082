import { PutObjectCommand } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { collisionKey } from '../../../functions/core/names/index.ts';
import type { FaultAction } from '../../../infra/emulators/shared/faults.ts';
import { patternBytes } from '../../contract/s3/support.ts';
import { MoveBench } from './bench.ts';
import { expectMovedOnce } from './expectations.ts';
import { type Landed, placeOf } from './landed.ts';

/** What may happen, in any order. Records are told by their number. */
type Step =
  | { readonly kind: 'events'; readonly records: readonly number[] }
  | { readonly kind: 'outOfTime'; readonly record: number }
  | { readonly kind: 'stray'; readonly key: string }
  | { readonly kind: 'foreignObject'; readonly record: number }
  | {
      readonly kind: 'fault';
      readonly operation: string;
      readonly nth: number;
      readonly action: FaultAction;
    };

const RECORDS = 4;
const record = fc.nat({ max: RECORDS - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('events' as const),
      // Up to three at once: duplicates, and others.
      records: fc.array(record, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('outOfTime' as const), record }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('foreignObject' as const), record }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('stray' as const),
      key: fc.constantFrom('records/a b+c.txt', 'records/01ARZ3NDEKTSV4RRFFQ69G5FAV/1/gone.mp4'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      operation: fc.constantFrom(
        ...['HeadObject', 'GetObject', 'PutObject', 'CopyObject', 'DeleteObject', 'PutEvents'],
        ...['CreateMultipartUpload', 'UploadPartCopy', 'CompleteMultipartUpload', 'ListParts'],
      ),
      nth: fc.integer({ min: 1, max: 4 }),
      action: fc.constantFrom<FaultAction>(
        { kind: 'fail', status: 503, code: 'SlowDown' },
        { kind: 'dropAnswer' },
        { kind: 'resetMidBody', afterBytes: 0 },
      ),
    }),
  },
);

/** What happens does not hang on how large the parts are: ./multipartCopy.test.ts has those of S3. */
const PART_BYTES = 64 * 1024;
const LARGE = patternBytes(PART_BYTES + 10, 4);
let bench: MoveBench;
let runs = 0;

beforeAll(async () => {
  bench = await MoveBench.start({
    limits: { copyMaxBytes: PART_BYTES / 2, partBytes: PART_BYTES, atOnce: 2 },
    partMinBytes: PART_BYTES,
  });
});
afterAll(() => bench.close());

/** Two of one name, one of another, one that is copied in ranges. */
async function land(): Promise<Landed[]> {
  runs += 1;
  const small = (seed: number, streamName: string) =>
    bench.land(patternBytes(1000 + seed, seed), { streamName: `${runs} ${streamName}` });
  return Promise.all([
    small(1, 'shared'),
    small(2, 'shared'),
    small(3, 'own'),
    bench.land(LARGE, { streamName: `${runs} large` }),
  ]);
}

const nameOf = ({ open }: Landed): string => `stream_records/${open.fileName}`;

it('whatever happens, in whatever order, each record ends up in the library once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const landed = await land();
      const foreign = new Set<string>();
      const settle = (key: string, hasTime?: () => boolean) => Promise.allSettled([bench.move(key, hasTime)]);
      for (const one of steps) {
        if (one.kind === 'fault') {
          const { operation, nth, action } = one;
          bench.faults.add({ service: operation === 'PutEvents' ? 'events' : 's3', operation, nth, action });
        } else if (one.kind === 'stray') await settle(one.key);
        else if (one.kind === 'outOfTime') await settle(landed[one.record]?.key ?? '', () => false);
        else if (one.kind === 'events') {
          await Promise.all(one.records.map((index) => settle(landed[index]?.key ?? '')));
        } else {
          const key = nameOf(landed[one.record] as Landed);
          const command = new PutObjectCommand({
            Bucket: 'library',
            Key: key,
            Body: 'foreign',
            IfNoneMatch: '*',
          });
          // Refused where a record is already: then there is nothing foreign. A fault may hit it too.
          const [answer] = await Promise.allSettled([bench.s3.send(command)]);
          if (answer.status === 'fulfilled') foreign.add(key);
        }
      }
      bench.faults.clear();
      for (const { key } of landed) await bench.deliver(key, 1);

      for (const one of landed) {
        await expectMovedOnce(bench, one);
        const alternative = collisionKey(nameOf(one), placeOf(one), one.job.settings.names);
        expect([nameOf(one), alternative]).toContain((await bench.moved(one))?.key);
      }
      for (const key of foreign) expect((await bench.read(key)).toString()).toBe('foreign');
    }),
    { numRuns: 25 },
  );
}, 240_000);
