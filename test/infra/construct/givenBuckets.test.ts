import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Stack, Validations } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import { checkGivenBuckets, rightsOn } from '../../../infra/construct/givenBuckets.ts';
import { appsForTests, testApp } from './stacks.ts';

appsForTests();

const ENV = { account: '111122223333', region: 'eu-west-1' };

/** What `cdk synth` prints of a library like this. */
function warningsOf(libraryOf: (stack: Stack) => IBucket | Bucket): string[] {
  const stack = new Stack(testApp(), 'Test', { env: ENV });
  checkGivenBuckets(stack, { libraryBucket: libraryOf(stack) });
  return stack.node.metadata.flatMap(({ type, data }) => (type === 'aws:cdk:warning' ? [String(data)] : []));
}

describe('a library that is given', () => {
  it('and made in the same app is seen: it is versioned, or that is said', () => {
    expect(warningsOf((stack) => new Bucket(stack, 'Library', { versioned: true }))).toEqual([]);
    expect(warningsOf((stack) => new Bucket(stack, 'Library'))).toEqual([
      expect.stringMatching(/^libraryBucket: is not versioned/),
    ]);
  });

  it('and imported is not seen: what it must be is said, and its key where none is named', () => {
    const [named, ...others] = warningsOf((stack) => Bucket.fromBucketName(stack, 'Library', 'mine'));
    expect(named).toMatch(/^libraryBucket: synth does not see the settings .* should be versioned/);
    expect(named).toMatch(/must not deny s3:AbortMultipartUpload, s3:DeleteObject.*encryptionKey/);
    expect(others).toEqual([]);
    const [withKey] = warningsOf((stack) =>
      Bucket.fromBucketAttributes(stack, 'Library', {
        bucketName: 'mine',
        encryptionKey: Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/1'),
      }),
    );
    expect(withKey).not.toContain('KMS');
  });

  it('and of another account needs a policy that lets these roles in', () => {
    const [policy] = warningsOf((stack) =>
      Bucket.fromBucketAttributes(stack, 'Library', { bucketName: 'theirs', account: '444455556666' }),
    );
    expect(policy).toMatch(
      /^libraryBucket: is in another account, 444455556666: .* 111122223333 do s3:Abort/,
    );
    for (const right of rightsOn('library')) expect(policy).toContain(right);
  });
});

it('what is said of a bucket is taken back by whoever has looked', () => {
  const stack = new Stack(testApp(), 'Test');
  checkGivenBuckets(stack, { landingBucket: Bucket.fromBucketName(stack, 'Landing', 'mine') });
  const warnings = () => stack.node.metadata.filter(({ type }) => type === 'aws:cdk:warning');
  expect(warnings()).toEqual([
    expect.objectContaining({ data: expect.stringMatching(/^landingBucket: .* must not be versioned/) }),
  ]);
  const id = 'annotation::stream-recorder:landingBucketUnseen';
  Validations.of(stack).acknowledge({ id, reason: 'it was looked at' });
  expect(warnings()).toEqual([]);
});

it('docs/operations.md names every right that a library of another account has to give', () => {
  const runbook = readFileSync(path.resolve(import.meta.dirname, '../../../docs/operations.md'), 'utf8');
  const [row = ''] = /^\| in another account \|.*$/m.exec(runbook) ?? [];
  expect(row.match(/s3:\w+/g)?.sort()).toEqual(rightsOn('library'));
});
