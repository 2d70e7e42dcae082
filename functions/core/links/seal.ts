import { createHmac, timingSafeEqual } from 'node:crypto';

/** Of HMAC-SHA-256, so that a link stays short; 128 bits are not guessed. */
const MAC_BYTES = 16;

/** What a seal is for: a token of one kind is none of the other. */
export type SealedFor = 'play' | 'file';

/** `<text>.<MAC>`, which only whoever has the key can make. */
export function seal(purpose: SealedFor, text: string, key: string): string {
  return `${text}.${macOf(purpose, text, key)}`;
}

/** The text of a token; undefined for one that is forged or cut off, in the same time. */
export function unseal(purpose: SealedFor, token: string, key: string): string | undefined {
  const [, text = '', mac = ''] = /^(.*)\.([^.]*)$/.exec(token) ?? [];
  const expected = Buffer.from(macOf(purpose, text, key));
  const given = Buffer.alloc(expected.length);
  given.write(mac);
  return timingSafeEqual(expected, given) && mac.length === expected.length ? text : undefined;
}

function macOf(purpose: SealedFor, text: string, key: string): string {
  const mac = createHmac('sha256', key).update(`${purpose}\n${text}`).digest();
  return mac.subarray(0, MAC_BYTES).toString('base64url');
}
