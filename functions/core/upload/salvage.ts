import type { UploadedPart } from '../state/partObjects.ts';
import { s3PartBytes } from './partSizes.ts';

/** What there is of an abandoned upload. */
export interface Salvage {
  /** Full S3 parts from the first one on, without a gap. */
  readonly prefix: readonly UploadedPart[];
  /** The S3 part that follows them and is not full: a recorder's last one, or tails that a rescuer uploaded. */
  readonly rest: UploadedPart | undefined;
}

/**
 * Which of the S3 parts of an upload belong to one file. What comes after one that is not full does not: a rescuer
 * wrote its tails over a part of a recorder that lived.
 * @param partBytes of the recording's settings
 */
export function salvageOf(listed: readonly UploadedPart[], partBytes: number): Salvage {
  const consecutive = listed.filter(({ partNumber }, index) => partNumber === index + 1);
  const isFull = ({ partNumber, bytes }: UploadedPart) => bytes >= s3PartBytes(partNumber, partBytes);
  const end = consecutive.findIndex((part) => !isFull(part));
  return end === -1
    ? { prefix: consecutive, rest: undefined }
    : { prefix: consecutive.slice(0, end), rest: consecutive[end] };
}
