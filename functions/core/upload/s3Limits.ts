/** What S3 says of multipart uploads and copies ("Amazon S3 multipart upload limits", CopyObject). */

const MIB = 1024 * 1024;

/** Every S3 part but the last has this at least. How large ours are by default: `partBytes` in settings/settings.ts. */
export const S3_PART_MIN_BYTES = 5 * MIB;
export const S3_PARTS_MAX = 10_000;
/** What one CopyObject or one S3 part takes; more is copied in ranges. */
export const S3_COPY_MAX_BYTES = 5 * 1024 * MIB;
