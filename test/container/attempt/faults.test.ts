import { S3ServiceException } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { reasonOfFault, SupersededError } from '../../../container/attempt/faults.ts';
import { SpoolFullError } from '../../../container/upload/spool.ts';
import { UnreadableError } from '../../../container/upload/uploader.ts';
import { StateCorruptError } from '../../../functions/aws/stateStore.ts';
import { MediaError } from '../../../functions/core/media/types.ts';

const ofS3 = (name: string, httpStatusCode: number) =>
  new S3ServiceException({ name, $fault: 'server', $metadata: { httpStatusCode } });
const withCode = (code: string) => Object.assign(new Error(code), { code });
const named = (name: string) => Object.assign(new Error(name), { name });

it.each([
  [new SupersededError('x'), 'superseded'],
  [ofS3('NoSuchUpload', 404), 'superseded'],
  [new SpoolFullError('x'), 'spool_full'],
  [new MediaError('x'), 'source_failed'],
  [ofS3('AccessDenied', 403), 'storage_failed'],
  [ofS3('SlowDown', 503), 'storage_failed'],
  [withCode('ECONNRESET'), 'storage_failed'],
  [withCode('ENOSPC'), 'storage_failed'],
  [named('TimeoutError'), 'storage_failed'],
  [new UnreadableError('x'), 'storage_failed'],
  [new StateCorruptError('k', undefined), 'storage_failed'],
  [new TypeError("Cannot read properties of undefined (reading 'x')"), 'recorder_failed'],
  [new RangeError('out of range'), 'recorder_failed'],
  [withCode('ERR_OUT_OF_RANGE'), 'recorder_failed'],
  [new Error('this cannot be'), 'recorder_failed'],
  ['thrown text', 'recorder_failed'],
])('%s means %s', (error, code) => {
  expect(reasonOfFault(error).code).toBe(code);
});
