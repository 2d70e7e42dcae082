import { decodeName } from '../names/index.ts';

/** Nothing that a browser or a disk would stumble over: path separators, controls, what turns the direction of a text. */
const UNSAFE = /[/\\\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;
/** RFC 5987's attr-char: what stands for itself in `filename*`. */
const ATTR_CHAR = /^[A-Za-z0-9!#$&+\-.^_`|~]$/;

/**
 * `Content-Disposition` (RFC 6266) of a record: its file name as people read it, in UTF-8, and an ASCII one for old
 * clients. `inline`, so that a browser plays what it can play.
 * @param fileName a record's file name, encoded as names are
 */
export function contentDisposition(fileName: string): string {
  const readable = decodeName(fileName).replaceAll(UNSAFE, '_');
  const ascii = readable.normalize('NFKD').replaceAll(/[^\x20-\x7e]|["%\\]/gu, '_');
  const value = `inline; filename="${ascii}"`;
  return ascii === readable ? value : `${value}; filename*=UTF-8''${attrEncode(readable)}`;
}

function attrEncode(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const char = String.fromCharCode(byte);
    encoded += ATTR_CHAR.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
