import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BASIC_AUTHORIZER, CONSOLE } from '../../infra/optionalFunctions.ts';
import { FUNCTIONS } from '../../infra/wiring.ts';

/**
 * `npm run test:package`: packs the package as it would be published, and uses it as somebody else would: an app outside
 * of this repository, without esbuild and our lock file, in TypeScript and in JavaScript. Its dependencies are ours, linked, so that
 * no registry is asked.
 */
const ROOT = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'package-'));
const run = (command: string, parameters: readonly string[], cwd = folder): string =>
  execFileSync(command, [...parameters], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

const APP = `
import { App, Stack } from 'aws-cdk-lib';
import { StreamRecorder } from 'stream-recorder';
const stack = new Stack(new App({ outdir: 'cdk.out' }), 'Mine');
new StreamRecorder(stack, 'Recorder', { auth: { kind: 'none' }, console: true, limits: { maxConcurrentRecordings: 5 } });
`;
const TYPED = `${APP}
import { recorderClient, type Recording } from 'stream-recorder/client';
import { EVENT_TYPES, type RecordAvailable } from 'stream-recorder/events';
export const nameOf = (recording: Recording): string => recording.streamName;
export const keyOf = (event: RecordAvailable): string => event.key;
export const type: 'Record Available' = EVENT_TYPES.recordAvailable;
export { recorderClient };
import { receiveWebhook } from 'stream-recorder/webhooks';
export function keyReceived(secret: string, headers: Headers, body: string): string | undefined {
  const event = receiveWebhook(secret, headers, body);
  return event?.type === 'record.available' ? event.data.key : undefined;
}
// @ts-expect-error is no property
new StreamRecorder(stack, 'Other', { limit: {} });
`;

try {
  install();
  typeCheck();
  synthesize();
  const cli = path.join(installed(), 'dist/cli/stream-recorder.mjs');
  assert.match(run(process.execPath, [cli, '--help']), /record/);
  console.log('The package works in an app of its own.');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function installed(): string {
  return path.join(folder, 'node_modules', 'stream-recorder');
}

function install(): void {
  run('npm', ['pack', '--silent', '--pack-destination', folder], ROOT);
  const [tarball] = globSync('stream-recorder-*.tgz', { cwd: folder });
  assert(tarball !== undefined, 'npm pack made no tarball');
  mkdirSync(installed(), { recursive: true });
  run('tar', ['-xzf', tarball, '-C', installed(), '--strip-components=1']);
  const { dependencies, peerDependencies } = JSON.parse(
    readFileSync(path.join(installed(), 'package.json'), 'utf8'),
  ) as Record<'dependencies' | 'peerDependencies', Record<string, string>>;
  for (const name of [...Object.keys(dependencies), ...Object.keys(peerDependencies), '@types/node']) {
    const link = path.join(folder, 'node_modules', name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(path.join(ROOT, 'node_modules', name), link);
  }
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
}

function typeCheck(): void {
  writeFileSync(path.join(folder, 'typed.ts'), TYPED);
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
  };
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typed.ts'] }));
  run(path.join(ROOT, 'node_modules/.bin/tsc'), ['-p', '.']);
}

function synthesize(): void {
  writeFileSync(path.join(folder, 'app.js'), `${APP}stack.node.root.synth();\n`);
  run(process.execPath, ['app.js']);
  const out = path.join(folder, 'cdk.out');
  const functions = globSync('asset.*/index.mjs', { cwd: out });
  // One with the console's page beside it; none for HTTP Basic, which is not asked for.
  assert.equal(functions.length, Object.keys(FUNCTIONS).length + 1);
  assert.equal(globSync(`asset.*/${CONSOLE.folder}/main.js`, { cwd: out }).length, 1);
  assert(existsSync(path.join(installed(), 'dist/bundles', BASIC_AUTHORIZER.name, 'index.mjs')));
  const [dockerfile] = globSync('asset.*/container/Dockerfile', { cwd: out });
  assert(dockerfile !== undefined, 'the image has no build context');
  const context = path.resolve(out, dockerfile, '../..');
  const copied = [...readFileSync(path.join(out, dockerfile), 'utf8').matchAll(/^COPY (?!--)(.*) \S+$/gm)];
  for (const item of copied.flatMap(([, items = '']) => items.split(' '))) {
    assert(existsSync(path.join(context, item)), `the image's build context has no ${item}`);
  }
}
