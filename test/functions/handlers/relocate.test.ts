import type { Context, SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { MOVE_CONTINUES } from '../../../functions/core/events/published.ts';
import { patternBytes } from '../../contract/s3/support.ts';
import { type Landed, MoveBench } from '../relocation/bench.ts';
import { expectMovedOnce } from '../relocation/expectations.ts';

let bench: MoveBench;

beforeAll(async () => {
  bench = await MoveBench.start();
  for (const [name, value] of Object.entries(bench.environment)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await bench.close();
});

const context = { getRemainingTimeInMillis: () => 300_000 } as Context;

/** A key in a notification of S3's is URL-encoded, with + for a space. */
function created(key: string): unknown {
  const encoded = encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+');
  return {
    Records: [{ eventName: 'ObjectCreated:CompleteMultipartUpload', s3: { object: { key: encoded } } }],
  };
}

async function handle(bodies: Readonly<Record<string, string>>): Promise<string[]> {
  const { handler } = await import('../../../functions/handlers/relocate.ts');
  const Records = Object.entries(bodies).map(([messageId, body]) => ({ messageId, body }));
  const answer = await handler({ Records } as unknown as SQSEvent, context);
  return answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort();
}

const land = (streamName: string): Promise<Landed> => bench.land(patternBytes(2000), { streamName });

it('moves each record of a batch; a message that fails, fails alone', async () => {
  const landed = await Promise.all([land('plain'), land('a b+c & ä/Ж?'), land('continued')]);
  const [plain, odd, continued] = landed as [Landed, Landed, Landed];
  const changed = await land('changed');
  await bench.put('landing', changed.key, Buffer.from('not what final.json says'), { part: '1' });

  const failed = await handle({
    plain: JSON.stringify(created(plain.key)),
    odd: JSON.stringify(created(odd.key)),
    continued: JSON.stringify({ 'detail-type': MOVE_CONTINUES, detail: { key: continued.key } }),
    testEvent: JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'landing' }),
    removed: JSON.stringify({
      Records: [{ eventName: 'ObjectRemoved:Delete', s3: { object: { key: 'records/x' } } }],
    }),
    stranger: JSON.stringify(created('records/strange/thing')),
    gone: JSON.stringify(created('records/01ARZ3NDEKTSV4RRFFQ69G5FAV/1/gone.mp4')),
    changed: JSON.stringify(created(changed.key)),
    notJson: 'hello',
  });
  expect(failed).toEqual(['changed', 'notJson']);
  for (const one of landed) await expectMovedOnce(bench, one);
  expect(await bench.keys('landing', changed.key)).toEqual([changed.key]);
});

it('reports all of a batch when all of it fails', async () => {
  expect(await handle({ one: '{', two: '[' })).toEqual(['one', 'two']);
});
