import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { collisionKey, fileName, libraryKey, type NameRules } from '../../functions/core/names/index.ts';
import { anyRules, anyValues } from '../functions/core/names/arbitraries.ts';
import { describeWith } from '../support/tools.ts';
import { contractEndpoint, put } from './s3/support.ts';

/** Names that are asked for at once: one `aws s3 sync` fetches all of them. */
const NAMES = 80;

/** Keys of a record in landing and in the library, and of one whose key is taken. */
function keysOf(names: readonly [Parameters<typeof fileName>[0], NameRules]): string[] {
  const [values, rules] = names;
  const file = fileName(values, rules, 'mp4').name;
  const { name } = libraryKey(values, rules, file, 'mp4');
  return [file, name, collisionKey(name, values, rules)];
}

describeWith(['aws'], 'names, in S3 and on a disk', () => {
  const endpoint = contractEndpoint();

  async function sync(from: string, to: string): Promise<void> {
    const { accessKeyId, secretAccessKey } = endpoint.credentials;
    const options = ['--endpoint-url', endpoint.url, '--region', endpoint.region, '--only-show-errors'];
    const { stderr } = await promisify(execFile)('aws', ['s3', 'sync', from, to, ...options], {
      timeout: 60_000,
      env: {
        PATH: process.env.PATH,
        // Python writes names in the locale's encoding.
        LC_ALL: 'C.UTF-8',
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        AWS_EC2_METADATA_DISABLED: 'true',
      },
    });
    expect(stderr).toBe('');
  }

  it('every key is taken by S3, and by a file system when it is downloaded', async () => {
    // Each set has a folder of its own, so its longest names may have what is left of 1,024 bytes.
    const prefix = endpoint.key('');
    const reservedBytes = Buffer.byteLength(`${prefix}1000/`);
    const sets = fc.sample(fc.tuple(anyValues, anyRules), { numRuns: NAMES, seed: 20260701 });
    const contents = new Map<string, string>();
    for (const [index, [values, rules]] of sets.entries()) {
      const keyMaxBytes = Math.min(rules.keyMaxBytes, 1024 - reservedBytes);
      for (const [nth, key] of keysOf([values, { ...rules, keyMaxBytes }]).entries()) {
        contents.set(`${index}-${nth}/${key}`, `record ${index}-${nth}`);
      }
    }
    for (const [key, text] of contents) {
      await put(endpoint, prefix + key, text);
      const head = await endpoint.client.send(
        new HeadObjectCommand({ Bucket: endpoint.bucket, Key: prefix + key }),
      );
      expect(head.ContentLength).toBe(Buffer.byteLength(text));
    }

    const folder = mkdtempSync(path.join(tmpdir(), 'names-'));
    try {
      await sync(`s3://${endpoint.bucket}/${prefix}`, folder);
      const files = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name));
      expect(files.map((file) => path.relative(folder, file)).sort()).toEqual([...contents.keys()].sort());
      for (const [key, text] of contents) {
        expect(readFileSync(path.join(folder, key), 'utf8')).toBe(text);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 180_000);
});
