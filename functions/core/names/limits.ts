/**
 * Bytes, in UTF-8, that a file or folder name may have: WCS cuts there, and ext4, XFS, APFS and NTFS have no longer
 * ones (NAME_MAX). A deployment can set it lower.
 */
export const FILE_NAME_LIMIT_BYTES = 255;

/** Bytes, in UTF-8, that an object's whole key may have in S3. A deployment can set it lower. */
export const KEY_LIMIT_BYTES = 1024;

/** The least that a deployment can set: what is never trimmed of a name needs its room. */
export const FILE_NAME_LIMIT_MIN_BYTES = 64;
export const KEY_LIMIT_MIN_BYTES = 128;

/** `.webm`. */
export const LONGEST_EXTENSION_BYTES = 5;

/** `_d1000000`: a part for each second of the longest recording (`RECORDING_LIMITS`) has no longer one. */
const LONGEST_NUMBER_BYTES = 9;

/** `_d1000000.webm`: a part number and an extension, as long as they get. */
export const LONGEST_TAIL_BYTES = LONGEST_NUMBER_BYTES + LONGEST_EXTENSION_BYTES;
