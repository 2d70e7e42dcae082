import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { prebuiltFunction, ROOT } from './packaged.ts';

/**
 * A function's code: what the package has, or in the repository bundled by synth, in a process of its own, since synth
 * cannot wait for what is asynchronous.
 * @param addFiles puts more beside the bundle, which the package has already
 * @param bundles a folder that has the function's bundle, by its name
 */
export function functionCode(
  name: string,
  addFiles: (folder: string) => void = () => undefined,
  bundles: () => string = allBundles,
): Code {
  const prebuilt = prebuiltFunction(name);
  if (prebuilt !== undefined) return Code.fromAsset(prebuilt);
  return Code.fromAsset(path.join(ROOT, 'functions', 'handlers'), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never asked for: what is bundled here needs no container.
      image: DockerImage.fromRegistry('none'),
      // CDK takes assets of one source for the same one unless something in here differs.
      command: [name],
      local: {
        tryBundle(folder) {
          cpSync(path.join(bundles(), name), folder, { recursive: true });
          addFiles(folder);
          return true;
        },
      },
    },
  });
}

let all: string | undefined;

/** All functions at once: to begin costs more than to bundle. */
function allBundles(): string {
  all ??= bundlesOf([]);
  return all;
}

/** @param names of functions; none for all. @returns a folder that is there for as long as this process */
export function bundlesOf(names: readonly string[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'stream-recorder-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const program = path.join(ROOT, 'infra', 'construct', 'bundling', 'main.ts');
  execFileSync(process.execPath, [program, folder, ...names], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return folder;
}
