import { createHash, timingSafeEqual } from 'node:crypto';
import * as z from 'zod/mini';

/** What the secret of HTTP Basic is, as JSON. */
export const credentialsSchema = z.object({
  username: z.string().check(z.minLength(1)),
  password: z.string().check(z.minLength(1)),
});
export type Credentials = z.infer<typeof credentialsSchema>;

/** Whether an Authorization header is HTTP Basic with these credentials. Takes the same time for every wrong one. */
export function isBasicFor(header: string | undefined, { username, password }: Credentials): boolean {
  const [scheme = '', encoded = ''] = (header ?? '').trim().split(/\s+/, 2);
  const given = Buffer.from(encoded, 'base64').toString('utf8');
  const isSame = timingSafeEqual(hash(given), hash(`${username}:${password}`));
  return isSame && scheme.toLowerCase() === 'basic';
}

/** Values of any length become comparable. */
function hash(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
