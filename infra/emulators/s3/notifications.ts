import { randomUUID } from 'node:crypto';
import { urlEncodeKey } from './text.ts';

/** One element of `Records` in an S3 event notification, version 2.1. */
export interface S3EventRecord {
  readonly eventVersion: '2.1';
  readonly eventSource: 'aws:s3';
  readonly awsRegion: string;
  readonly eventTime: string;
  /** Such as `ObjectCreated:Put`, without `s3:` in front. */
  readonly eventName: string;
  readonly userIdentity: { readonly principalId: string };
  readonly requestParameters: { readonly sourceIPAddress: string };
  readonly responseElements: { readonly 'x-amz-request-id': string; readonly 'x-amz-id-2': string };
  readonly s3: {
    readonly s3SchemaVersion: '1.0';
    readonly configurationId: string;
    readonly bucket: {
      readonly name: string;
      readonly ownerIdentity: { readonly principalId: string };
      readonly arn: string;
    };
    readonly object: {
      /** URL-encoded, `+` for a space. */
      readonly key: string;
      readonly size?: number;
      readonly eTag?: string;
      readonly sequencer: string;
    };
  };
}

/** What has happened to an object; deletions have no `object`. */
export interface ObjectChange {
  readonly eventName: string;
  readonly bucket: string;
  readonly key: string;
  /** Greater for later changes. */
  readonly sequence: number;
  readonly object?: { readonly bytes: number; readonly etag: string };
}

export const OWNER_ID = '0000000000000000000000000000000000000000000000000000000000000000';

export function eventRecord(
  change: ObjectChange,
  about: { readonly region: string; readonly time: Date; readonly requestId: string },
): S3EventRecord {
  return {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: about.region,
    eventTime: about.time.toISOString(),
    eventName: change.eventName,
    userIdentity: { principalId: 'local' },
    requestParameters: { sourceIPAddress: '127.0.0.1' },
    responseElements: { 'x-amz-request-id': about.requestId, 'x-amz-id-2': randomUUID() },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'local',
      bucket: {
        name: change.bucket,
        ownerIdentity: { principalId: OWNER_ID },
        arn: `arn:aws:s3:::${change.bucket}`,
      },
      object: {
        key: urlEncodeKey(change.key),
        ...(change.object && { size: change.object.bytes, eTag: change.object.etag }),
        sequencer: change.sequence.toString(16).toUpperCase().padStart(18, '0'),
      },
    },
  };
}
