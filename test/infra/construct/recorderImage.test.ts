import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { StreamRecorderStack } from '../../../infra/streamRecorderStack.ts';
import { RECORDER_TASK } from '../../../infra/wiring.ts';
import { appsForTests, testApp } from './stacks.ts';

appsForTests();

interface AssetManifest {
  readonly dockerImages: Record<
    string,
    {
      readonly source: { readonly directory: string; readonly dockerFile: string; readonly platform: string };
    }
  >;
}

describe('the image that a deployment builds', () => {
  let folder: string;
  let source: AssetManifest['dockerImages'][string]['source'];

  beforeAll(() => {
    const app = testApp();
    new StreamRecorderStack(app, 'Test');
    folder = app.synth().directory;
    const manifest = JSON.parse(readFileSync(path.join(folder, 'Test.assets.json'), 'utf8')) as AssetManifest;
    const [image, ...others] = Object.values(manifest.dockerImages);
    if (image === undefined || others.length > 0) throw new Error('one image is expected');
    source = image.source;
  });

  it('is made from container/Dockerfile, for arm64', () => {
    expect(source).toMatchObject({ dockerFile: 'container/Dockerfile', platform: 'linux/arm64' });
  });

  it('runs the recorder as a user, with what the local runtime gives to Node', () => {
    const dockerfile = readFileSync(path.join(folder, source.directory, 'container/Dockerfile'), 'utf8');
    const entryPoint = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
    const program = entryPoint.indexOf('--') + 1;
    expect(entryPoint.slice(0, 3)).toEqual(['/usr/bin/setpriv', '--reuid=1000', '--regid=1000']);
    expect(entryPoint.slice(program)).toEqual([
      '/usr/bin/node',
      ...RECORDER_TASK.nodeArguments,
      '/app/recorder.mjs',
    ]);
  });

  it('is staged with all that the Dockerfile copies, and little else', () => {
    const staged = globSync('**/*', { cwd: path.join(folder, source.directory), withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        path.relative(path.join(folder, source.directory), path.join(entry.parentPath, entry.name)),
      );
    expect(staged).toEqual(
      expect.arrayContaining([
        'container/Dockerfile',
        'container/main.ts',
        'functions/core/state/keys.ts',
        'functions/aws/stateStore.ts',
        'package-lock.json',
      ]),
    );
    expect(
      staged.filter(
        (file) =>
          !/^(container|functions\/(core|aws|recordings)|infra\/construct\/bundling)\/|^package/.test(file),
      ),
    ).toEqual([]);
    const dockerfile = readFileSync(path.join(folder, source.directory, 'container/Dockerfile'), 'utf8');
    const copied = [...dockerfile.matchAll(/^COPY (?!--)(.*) \S+$/gm)].flatMap((line) =>
      (line[1] ?? '').split(' '),
    );
    expect(copied.length).toBeGreaterThan(0);
    for (const item of copied) {
      expect(globSync(item, { cwd: path.join(folder, source.directory) }), item).toHaveLength(1);
    }
  });
});
