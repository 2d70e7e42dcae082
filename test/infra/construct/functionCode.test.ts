import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { afterAll, expect, it } from 'vitest';
import { bundlesOf, functionCode } from '../../../infra/construct/functionCode.ts';

const outdir = mkdtempSync(path.join(tmpdir(), 'cdk-code-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

it('is bundled by synth: each function its own code, with what goes beside it', async () => {
  const app = new App({ outdir, analyticsReporting: false });
  const stack = new Stack(app, 'Test');
  const make = (name: string, code: ReturnType<typeof functionCode>) =>
    new LambdaFunction(stack, name, { code, handler: 'index.handler', runtime: Runtime.NODEJS_24_X });
  // All of them, which synth has by default, take eight seconds of a core.
  const folder = bundlesOf(['notFound', 'authorizeBasic']);
  const bundles = () => folder;
  make('notFound', functionCode('notFound', undefined, bundles));
  const addFiles = (to: string) => writeFileSync(path.join(to, 'beside.txt'), 'there');
  make('authorizeBasic', functionCode('authorizeBasic', addFiles, bundles));
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
