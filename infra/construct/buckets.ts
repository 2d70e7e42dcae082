import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  HttpMethods,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { JOURNALS_PREFIX, RECORDS_PREFIX, STATE_PREFIX } from '../../functions/core/state/keys.ts';
import { BUCKET_CORS } from '../wiringCors.ts';
import { acknowledge } from './acknowledge.ts';

/** Counts from an upload's start: longer than any recorder or rescuer works on one part. */
const ABORT_UPLOADS_AFTER = Duration.days(7);

/** What recorders of version 0.1 saved. */
const TAILS_EXPIRE_AFTER = Duration.days(30);
/** It goes as its recordings grow, or are rescued: within minutes. Nobody completes an upload out of it that was aborted. */
const JOURNALS_EXPIRE_AFTER = ABORT_UPLOADS_AFTER.plus(Duration.days(1));
const OLD_VERSIONS_EXPIRE_AFTER = Duration.days(30);
const LEFTOVERS_MIN_DAYS = 30;

/**
 * Where recorders write, and all state. Not versioned: state objects change often and journals are deleted. No session, lock
 * or job expires by age, since an unfinished one is never too old.
 * @param leftoversExpiry what was never moved out of it
 */
export function landingBucket(scope: Construct, id: string, leftoversExpiry?: Duration): Bucket {
  const bucket = privateBucket(scope, id, false);
  bucket.addLifecycleRule({
    id: 'RemoveTails',
    prefix: `${STATE_PREFIX}tails/`,
    expiration: TAILS_EXPIRE_AFTER,
  });
  bucket.addLifecycleRule({
    id: 'RemoveJournals',
    prefix: JOURNALS_PREFIX,
    expiration: JOURNALS_EXPIRE_AFTER,
  });
  if (leftoversExpiry !== undefined) {
    bucket.addLifecycleRule({ id: 'RemoveLeftovers', prefix: RECORDS_PREFIX, expiration: leftoversExpiry });
  }
  return bucket;
}

/**
 * Where finished records live. Versioned, so that what is deleted by mistake can be brought back.
 * @param expiry of records
 */
export function libraryBucket(scope: Construct, id: string, expiry?: Duration): Bucket {
  const bucket = privateBucket(scope, id, true);
  if (expiry !== undefined) {
    bucket.addLifecycleRule({
      id: 'RemoveRecords',
      expiration: expiry,
      noncurrentVersionExpiration: OLD_VERSIONS_EXPIRE_AFTER,
    });
    bucket.addLifecycleRule({ id: 'RemoveDeleteMarkers', expiredObjectDeleteMarker: true });
  }
  return bucket;
}

/** @throws Error an expiry for a bucket that is not made here, or one that could take a record which still moves */
export function checkExpiry(props: {
  readonly landingBucket?: unknown;
  readonly libraryBucket?: unknown;
  readonly leftoversExpiry?: Duration;
  readonly libraryExpiry?: Duration;
}): void {
  const { leftoversExpiry, libraryExpiry } = props;
  if (libraryExpiry !== undefined && props.libraryBucket !== undefined) {
    throw new Error('libraryExpiry: a given libraryBucket has its own lifecycle rules: add one there');
  }
  checkDays('libraryExpiry', libraryExpiry, 1);
  if (leftoversExpiry === undefined) return;
  if (props.landingBucket !== undefined) {
    throw new Error('leftoversExpiry: a given landingBucket has its own lifecycle rules: add one there');
  }
  checkDays('leftoversExpiry', leftoversExpiry, LEFTOVERS_MIN_DAYS);
}

/** S3 counts in days. */
function checkDays(property: string, expiry: Duration | undefined, minDays: number): void {
  const days = expiry?.toDays({ integral: false });
  if (days === undefined || (Number.isInteger(days) && days >= minDays)) return;
  throw new Error(
    `${property}: must be whole days, at least ${minDays} days, such as Duration.days(400), and is ${days}`,
  );
}

/** Encrypted, private, TLS only, and kept when the stack is deleted: it holds records. */
function privateBucket(scope: Construct, id: string, versioned: boolean): Bucket {
  const bucket = new Bucket(scope, id, {
    versioned,
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    removalPolicy: RemovalPolicy.RETAIN,
    cors: [
      {
        allowedOrigins: [...BUCKET_CORS.allowedOrigins],
        allowedMethods: BUCKET_CORS.allowedMethods.map((method) => HttpMethods[method]),
        allowedHeaders: [...BUCKET_CORS.allowedHeaders],
        exposedHeaders: [...BUCKET_CORS.exposedHeaders],
        maxAge: BUCKET_CORS.maxAgeSeconds,
      },
    ],
    lifecycleRules: [
      { id: 'AbortUnfinishedUploads', abortIncompleteMultipartUploadAfter: ABORT_UPLOADS_AFTER },
    ],
  });
  acknowledge(
    bucket,
    'AwsSolutions-S1',
    'Only the roles of this stack have access, and what they did is in the state objects and logs; who must audit every read turns on CloudTrail data events, or gives a bucket of his own.',
  );
  return bucket;
}
