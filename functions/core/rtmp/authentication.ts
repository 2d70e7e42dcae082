import { createHash } from 'node:crypto';
import type { RtmpAddress } from './address.ts';
import { RtmpAuthenticationError, RtmpRefusedError } from './errors.ts';

const md5 = (...pieces: readonly string[]): Buffer => createHash('md5').update(pieces.join('')).digest();

/**
 * What to say to a server that has refused `connect` for want of a password. The two ways that are known have no
 * specification: Adobe's, and Limelight's, which is HTTP's Digest. A server first says which one, then what to answer to.
 * @param description the server's words
 * @param answered what it has been told already
 * @param nonce eight random digits
 * @throws RtmpAuthenticationError what to say; RtmpRefusedError there is nothing more to say
 */
export function answerRefusal(
  description: string,
  { app, user, password }: Pick<RtmpAddress, 'app' | 'user' | 'password'>,
  answered: string,
  nonce: string,
): never {
  const way = /authmod=(adobe|llnw)/.exec(description)?.[1];
  if (way === undefined) throw new RtmpRefusedError(description);
  const failed = (why: string): RtmpRefusedError => new RtmpRefusedError(`authentication failed: ${why}`);
  if (user === undefined || password === undefined) throw failed('the URL has no user and password');
  if (/\?reason=(?:authfailed|nosuchuser)/.test(description)) throw failed('another user or password');
  if (answered.includes('&response=')) throw failed('the answer was not taken');
  if (description.includes('code=403 need auth') && answered === '')
    throw new RtmpAuthenticationError(`?authmod=${way}&user=${user}`);
  const asked = /\?reason=needauth(\S*)/.exec(description)?.[1];
  if (asked === undefined) throw failed('the server does not say how');
  const field = (name: string): string => new RegExp(`&${name}=([^&]*)`).exec(asked)?.[1] ?? '';
  if (way === 'adobe') {
    const [salt, opaque, challenge] = [field('salt'), field('opaque'), field('challenge')];
    const secret = md5(user, salt, password).toString('base64');
    const response = md5(secret, opaque === '' ? challenge : opaque, nonce).toString('base64');
    const shown = opaque === '' ? '' : `&opaque=${opaque}`;
    throw new RtmpAuthenticationError(
      `?authmod=adobe&user=${user}&challenge=${nonce}&response=${response}${shown}`,
    );
  }
  const uri = app.includes('/') ? `/${app}` : `/${app}/_definst_`;
  const [secret, what] = [md5(`${user}:live:${password}`), md5(`publish:${uri}`)].map((hash) =>
    hash.toString('hex'),
  );
  const theirs = field('nonce');
  const response = md5(`${secret}:${theirs}:00000001:${nonce}:auth:${what}`).toString('hex');
  throw new RtmpAuthenticationError(
    `?authmod=llnw&user=${user}&nonce=${theirs}&cnonce=${nonce}&nc=00000001&response=${response}`,
  );
}
