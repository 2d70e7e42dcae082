import { NoSuchUpload, S3ServiceException } from '@aws-sdk/client-s3';

/** The upload was completed or aborted by somebody else: this is the fence between a recorder and its rescuer. */
export function isUploadGone(error: unknown): boolean {
  return (
    error instanceof NoSuchUpload || (error instanceof S3ServiceException && error.name === 'NoSuchUpload')
  );
}
