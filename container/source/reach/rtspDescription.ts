import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type Source, safeDecode } from '../../../functions/core/source/sourceUrl.ts';
import { connectJudged } from './judgedSocket.ts';

const DEFAULT_PORTS: Readonly<Record<string, number>> = { rtsp: 554, rtsps: 322 };
/** Descriptions have a few hundred bytes. */
const ANSWER_MAX_BYTES = 64 * 1024;

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/**
 * What an RTSP server says of a stream (RFC 2326, 10.2), without playing it: ffmpeg says it only when it has looked at the
 * stream for seconds, and if it was given a wrong plan, those are lost.
 * @param addresses the host's, which were judged
 * @returns the description; undefined when there is none to be had in this way: ffmpeg then finds out by itself
 */
export async function describeRtsp(
  source: Source,
  addresses: readonly [string, ...string[]],
  timeoutMs: number,
): Promise<string | undefined> {
  const socket = await opened(source, addresses, timeoutMs);
  if (socket === undefined) return undefined;
  try {
    const first = await ask(socket, source, 1, undefined);
    if (first?.status === 200) return first.body;
    const authorization = first?.status === 401 ? authorizationOf(first.head, source) : undefined;
    if (authorization === undefined) return undefined;
    const second = await ask(socket, source, 2, authorization);
    return second?.status === 200 ? second.body : undefined;
  } finally {
    socket.destroy();
  }
}

async function opened(
  { scheme, host, port = DEFAULT_PORTS[scheme] ?? 0 }: Source,
  addresses: readonly [string, ...string[]],
  timeoutMs: number,
): Promise<Socket | undefined> {
  const isSecure = scheme === 'rtsps';
  const socket = connectJudged({ host, port, addresses, isSecure });
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  socket.once('close', () => clearTimeout(timer));
  const failed = new Promise<undefined>((resolve) => {
    socket.on('error', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
  });
  const connected = once(socket, isSecure ? 'secureConnect' : 'connect').then(() => socket);
  return Promise.race([connected.catch(() => undefined), failed]);
}

/** Asks, and waits for the answer; undefined when the connection ends before it, or it is none. */
async function ask(
  socket: Socket,
  source: Source,
  sequence: number,
  authorization: string | undefined,
): Promise<Answer | undefined> {
  const lines = [
    `DESCRIBE ${urlOf(source)} RTSP/1.0`,
    `CSeq: ${sequence}`,
    'Accept: application/sdp',
    'User-Agent: stream-recorder',
    ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  let bytes = Buffer.alloc(0);
  return new Promise((resolve) => {
    const done = (answer: Answer | undefined): void => {
      socket.off('data', onData);
      socket.off('close', onClose);
      resolve(answer);
    };
    const onClose = (): void => done(undefined);
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const answer = answerOf(bytes);
      if (answer !== undefined || bytes.length > ANSWER_MAX_BYTES) done(answer);
    };
    socket.on('data', onData);
    socket.once('close', onClose);
    if (socket.destroyed) onClose();
  });
}

function answerOf(bytes: Buffer): Answer | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const body = bytes.subarray(end + 4);
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  if (body.length < length) return undefined;
  return {
    status: Number(/^RTSP\/1\.\d (\d{3})/.exec(head)?.[1] ?? 0),
    head,
    body: body.toString('utf8', 0, length),
  };
}

/** Without credentials: they go into a header, if they are asked for. */
const urlOf = ({ scheme, host, port, rest }: Source): string =>
  `${scheme}://${host}${port === undefined ? '' : `:${port}`}${rest}`;

/** What the server asks for: Digest (RFC 2617), else Basic. */
function authorizationOf(head: string, source: Source): string | undefined {
  if (source.userinfo === undefined) return undefined;
  const [user = '', ...pieces] = source.userinfo.split(':').map(safeDecode);
  const password = pieces.join(':');
  const challenges = [...head.matchAll(/^www-authenticate: *(.*)$/gim)].map(
    ([, challenge = '']) => challenge,
  );
  const digest = challenges.find((challenge) => /^digest /i.test(challenge));
  if (digest !== undefined) return digestOf(digest, user, password, urlOf(source));
  if (!challenges.some((challenge) => /^basic\b/i.test(challenge))) return undefined;
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

function digestOf(challenge: string, user: string, password: string, uri: string): string | undefined {
  const field = (name: string): string | undefined =>
    new RegExp(`\\b${name}="?([^",]*)"?`, 'i').exec(challenge)?.[1];
  const [realm, nonce] = [field('realm'), field('nonce')];
  if (realm === undefined || nonce === undefined || !/^md5$/i.test(field('algorithm') ?? 'MD5'))
    return undefined;
  const [secret, what] = [md5(`${user}:${realm}:${password}`), md5(`DESCRIBE:${uri}`)];
  const hasQop = /\bauth\b/.test(/\bqop="?([^"]*)"?/i.exec(challenge)?.[1] ?? '');
  const cnonce = randomBytes(8).toString('hex');
  const middle = hasQop ? `${nonce}:00000001:${cnonce}:auth` : nonce;
  const fields = [
    `username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}"`,
    `response="${md5(`${secret}:${middle}:${what}`)}"`,
    ...(hasQop ? [`qop=auth, nc=00000001, cnonce="${cnonce}"`] : []),
    ...(field('opaque') === undefined ? [] : [`opaque="${field('opaque')}"`]),
  ];
  return `Digest ${fields.join(', ')}`;
}
