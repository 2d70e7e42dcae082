import { createHash } from 'node:crypto';

const HASH_CHARS = 27;

/** A weak ETag of what an answer says; what differs each time, such as links, is left out by the caller. */
export function etagOf(said: unknown): string {
  const hash = createHash('sha256').update(JSON.stringify(said)).digest('base64url');
  return `W/"${hash.slice(0, HASH_CHARS)}"`;
}

/** Whether the caller has this very answer. @param ifNoneMatch the header as it came */
export function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
  const known = ifNoneMatch?.split(',').map((one) => one.trim()) ?? [];
  return known.includes(etag) || known.includes('*');
}
