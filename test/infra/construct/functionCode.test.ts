import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { afterAll, expect, it } from 'vitest';
import { functionCode } from '../../../infra/construct/functionCode.ts';

const outdir = mkdtempSync(path.join(tmpdir(), 'cdk-code-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

it('is bundled by synth: each function its own code, with what goes beside it', async () => {
  const app = new App({ outdir, analyticsReporting: false });
  const stack = new Stack(app, 'Test');
  const make = (name: string, code: ReturnType<typeof functionCode>) =>
    new LambdaFunction(stack, name, { code, handler: 'index.handler', runtime: Runtime.NODEJS_24_X });
  make('notFound', functionCode('notFound'));
  make(
    'authorizeBasic',
    functionCode('authorizeBasic', (folder) => writeFileSync(path.join(folder, 'beside.txt'), 'there')),
  );
  app.synth();

  const folders = globSync(path.join(outdir, 'asset.*')).toSorted();
  expect(folders).toHaveLength(2);
  const [plain, besides] = [false, true].map((isBeside) =>
    folders.find((folder) => existsSync(path.join(folder, 'beside.txt')) === isBeside),
  );
  if (plain === undefined || besides === undefined) throw new Error('one of them has a file beside it');
  expect(readFileSync(path.join(besides, 'beside.txt'), 'utf8')).toBe('there');
  const { handler } = (await import(path.join(plain, 'index.mjs'))) as {
    handler(event: object, context: object): Promise<{ readonly statusCode: number }>;
  };
  const event = { version: '2.0', headers: {}, requestContext: { http: { method: 'GET', path: '/x' } } };
  expect(await handler({ ...event, rawPath: '/x' }, { awsRequestId: '1' })).toMatchObject({
    statusCode: 404,
  });
});
