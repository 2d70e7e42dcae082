import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/** Counts from an upload's start: longer than any recorder or rescuer works on one part. */
const ABORT_UPLOADS_AFTER = Duration.days(7);

/**
 * Where recorders write, and all state. Not versioned: state objects change often and tails are deleted. Nothing expires
 * by age, since a session, a lock or an unfinished job is never too old.
 */
export function landingBucket(scope: Construct, id: string): Bucket {
  return privateBucket(scope, id, false);
}

/** Where finished records live. Versioned, so that what is deleted by mistake can be brought back. */
export function libraryBucket(scope: Construct, id: string): Bucket {
  return privateBucket(scope, id, true);
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
