import { createHash, randomBytes } from 'node:crypto';
import { type Source, safeDecode } from '../../../functions/core/source/sourceUrl.ts';

/** What is asked of a server, for which it wants to know who asks. */
export interface AuthorizedRequest {
  readonly method: string;
  readonly uri: string;
  /** Of those with the same challenge, from 1 on. */
  readonly count: number;
}

/** By their names in a challenge (RFC 7616); Node has the same, without the hyphen. */
const HASHES: Readonly<Record<string, string>> = { MD5: 'md5', 'SHA-256': 'sha256' };

/**
 * What a server asks for: Digest, the first that is known, else Basic.
 * @param head of its answer 401
 * @returns undefined where nothing is known that would do
 */
export function authorizationOf(
  head: string,
  { userinfo }: Pick<Source, 'userinfo'>,
  request: AuthorizedRequest,
): string | undefined {
  if (userinfo === undefined) return undefined;
  const [user = '', ...pieces] = userinfo.split(':').map(safeDecode);
  const password = pieces.join(':');
  const challenges = challengesOf(head);
  const digest = challenges.find((one) => isDigest(one) && HASHES[algorithmOf(one)] !== undefined);
  if (digest !== undefined) return digestOf(digest, user, password, request);
  if (!challenges.some((challenge) => /^basic\b/i.test(challenge))) return undefined;
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

const challengesOf = (head: string): readonly string[] =>
  [...head.matchAll(/^www-authenticate: *(.*)$/gim)].map(([, challenge = '']) => challenge);

const isDigest = (challenge: string): boolean => /^digest /i.test(challenge);

const algorithmOf = (challenge: string): string => (field(challenge, 'algorithm') ?? 'MD5').toUpperCase();

const field = (challenge: string, name: string): string | undefined =>
  new RegExp(`\\b${name}="?([^",]*)"?`, 'i').exec(challenge)?.[1]?.trim();

function digestOf(
  challenge: string,
  user: string,
  password: string,
  { method, uri, count }: AuthorizedRequest,
): string | undefined {
  const [realm, nonce, algorithm] = [
    field(challenge, 'realm'),
    field(challenge, 'nonce'),
    algorithmOf(challenge),
  ];
  const hash = (text: string): string =>
    createHash(HASHES[algorithm] ?? 'md5')
      .update(text)
      .digest('hex');
  if (realm === undefined || nonce === undefined) return undefined;
  const [secret, what] = [hash(`${user}:${realm}:${password}`), hash(`${method}:${uri}`)];
  const hasQop = /\bauth\b/.test(/\bqop="?([^"]*)"?/i.exec(challenge)?.[1] ?? '');
  const cnonce = randomBytes(8).toString('hex');
  const nc = count.toString(16).padStart(8, '0');
  const middle = hasQop ? `${nonce}:${nc}:${cnonce}:auth` : nonce;
  const opaque = field(challenge, 'opaque');
  const fields = [
    `username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}"`,
    `response="${hash(`${secret}:${middle}:${what}`)}"`,
    ...(field(challenge, 'algorithm') === undefined ? [] : [`algorithm=${algorithm}`]),
    ...(hasQop ? [`qop=auth, nc=${nc}, cnonce="${cnonce}"`] : []),
    ...(opaque === undefined ? [] : [`opaque="${opaque}"`]),
  ];
  return `Digest ${fields.join(', ')}`;
}
