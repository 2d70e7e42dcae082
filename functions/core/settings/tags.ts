import { RecorderError } from '../api/errors.ts';

/** S3's limit for an object. */
export const TAGS_MAX = 10;

/**
 * S3 takes 8 KB of headers in a request. Tags come in one of them, percent-encoded, beside up to 2 KB of metadata, the
 * source of a copy (1 KB and more, encoded) and a role's session token.
 */
export const TAGS_ENCODED_MAX_BYTES = 2_048;

/** `x-amz-tagging`: tags as a query. */
export function encodeTags(tags: Readonly<Record<string, string>>): string {
  return new URLSearchParams(tags).toString();
}

/**
 * Checks tags when a recording is asked for: what S3 refuses would make its record unmovable.
 * @throws RecorderError invalid_request on `tags`
 */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  const count = Object.keys(tags).length;
  if (count > TAGS_MAX) throw refused(`must have at most ${TAGS_MAX} tags, and there are ${count}`);
  const bytes = encodeTags(tags).length;
  if (bytes > TAGS_ENCODED_MAX_BYTES) {
    throw refused(
      `must have at most ${TAGS_ENCODED_MAX_BYTES} bytes as S3 takes them, percent-encoded, and have ${bytes}`,
    );
  }
}

function refused(rule: string): RecorderError {
  return new RecorderError('invalid_request', `tags ${rule}`, { field: 'tags' });
}
