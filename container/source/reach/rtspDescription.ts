import { once } from 'node:events';
import type { Socket } from 'node:net';
import { DEFAULT_PORTS, type Source, urlOf } from '../../../functions/core/source/sourceUrl.ts';
import { connectJudged } from './judgedSocket.ts';
import { authorizationOf } from './rtspAuthorization.ts';

const METHOD = 'DESCRIBE';
/** RFC 7826, 17.3. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 305]);
/** Descriptions have a few hundred bytes. */
const ANSWER_MAX_BYTES = 64 * 1024;
const NOTHING: RtspDescription = { sdp: undefined, location: undefined };

export interface RtspDescription {
  /** Undefined when there is none to be had in this way: ffmpeg then finds out by itself. */
  readonly sdp: string | undefined;
  /** Where the server sends whoever asks. */
  readonly location: string | undefined;
}

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/**
 * What an RTSP server says of a stream (RFC 2326, 10.2), without playing it: ffmpeg says it only when it has looked at the
 * stream for seconds, and if it was given a wrong plan, those are lost.
 * @param addresses the host's, which were judged
 */
export async function describeRtsp(
  source: Source,
  addresses: readonly [string, ...string[]],
  timeoutMs: number,
): Promise<RtspDescription> {
  return descriptionOf(await answerTo(source, addresses, timeoutMs));
}

/** @returns undefined: there is none that could be had */
async function answerTo(
  source: Source,
  addresses: readonly [string, ...string[]],
  timeoutMs: number,
): Promise<Answer | undefined> {
  const socket = await opened(source, addresses, timeoutMs);
  if (socket === undefined) return undefined;
  try {
    const answer = await ask(socket, source, 1, undefined);
    if (answer?.status !== 401) return answer;
    const request = { method: METHOD, uri: placeOf(source), count: 1 };
    const authorization = authorizationOf(answer.head, source, request);
    return authorization === undefined ? undefined : await ask(socket, source, 2, authorization);
  } finally {
    socket.destroy();
  }
}

function descriptionOf(answer: Answer | undefined): RtspDescription {
  if (answer?.status === 200) return { sdp: answer.body, location: undefined };
  if (!REDIRECTS.has(answer?.status ?? 0)) return NOTHING;
  return { ...NOTHING, location: /^location: *(\S+)/im.exec(answer?.head ?? '')?.[1] };
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
    `${METHOD} ${placeOf(source)} RTSP/1.0`,
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
const placeOf = (source: Source): string => urlOf({ ...source, userinfo: undefined });
