import { expect, it } from 'vitest';
import { runChecks, Undo } from '../../../infra/verify/check.ts';
import type { VerifyContext } from '../../../infra/verify/context.ts';
import { multipartChecks } from '../../../infra/verify/multipart.ts';
import { storageChecks } from '../../../infra/verify/storage.ts';
import { start } from '../emulators/s3/support.ts';

const CONDITIONS = /^(if-|x-amz-copy-source-if-)/;

it('fails where storage ignores conditions, each check that relies on one', async () => {
  const { client } = await start({ buckets: ['landing', 'library'] });
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      for (const name of Object.keys(headers)) if (CONDITIONS.test(name.toLowerCase())) delete headers[name];
      return next(args);
    },
    // Before it is signed.
    { step: 'build', priority: 'low' },
  );
  const undo = new Undo();
  const context = {
    s3: client,
    deployment: { landingBucket: 'landing', libraryBucket: 'library' },
    runId: 'verify',
    undo,
  } as VerifyContext;
  const verdicts = await runChecks(
    [...storageChecks(context), ...multipartChecks(context)],
    undo,
    () => undefined,
  );
  const failed = verdicts.filter(({ result }) => result === 'FAILED');
  expect(failed.map(({ claim }) => claim)).toEqual([
    'PutObject with If-None-Match writes what is new and refuses what is there',
    'PutObject with If-Match replaces that object alone, and says 404 where there is none',
    'GetObject with If-None-Match says 304 while nothing has changed',
    'DeleteObject with If-Match deletes that object alone',
    'CopyObject keeps both conditions, replaces metadata and keeps the CRC-32',
    'an upload is not completed over an object, nor with another CRC-32',
    // Its source was written over.
    'parts that are copied have a CRC-32 each, and the whole has that of its bytes',
  ]);
});
