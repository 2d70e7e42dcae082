import { once } from 'node:events';
import type { Socket } from 'node:net';
import { withFirstFormats } from '../../../functions/core/source/sdpFormats.ts';
import { DEFAULT_PORTS, type Source, urlOf } from '../../../functions/core/source/sourceUrl.ts';
import { connectJudged } from './judgedSocket.ts';
import { authorizationOf, canFfmpegAnswer } from './rtspAuthorization.ts';

/** RFC 7826, 17.3. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 305]);
/** Descriptions have a few hundred bytes. */
const ANSWER_MAX_BYTES = 64 * 1024;
const NOTHING: RtspDescription = { sdp: undefined, isBeyondFfmpeg: false, location: undefined };

export interface RtspDescription {
  /** Undefined when there is none to be had in this way: ffmpeg then finds out by itself. */
  readonly sdp: string | undefined;
  /** The server asks for credentials in a way that ffmpeg does not know, or describes media in one that it misreads. */
  readonly isBeyondFfmpeg: boolean;
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
  const { answer, challenge } = await answerTo('DESCRIBE', source, addresses, timeoutMs);
  const said = descriptionOf(answer);
  const isBeyondFfmpeg = said.isBeyondFfmpeg || (challenge !== undefined && !canFfmpegAnswer(challenge));
  return { ...said, isBeyondFfmpeg };
}

/**
 * Whether an RTSP server tells by SET_PARAMETER alone that whoever plays it is still there (RFC 7826, 10.5): ffmpeg asks for
 * parameters, or for options where there is no such request, and is left when its session is over.
 * @param addresses as `describeRtsp`
 * @returns undefined: it has not answered
 */
export async function isKeptBySetting(
  source: Source,
  addresses: readonly [string, ...string[]],
  timeoutMs: number,
): Promise<boolean | undefined> {
  const { answer } = await answerTo('OPTIONS', source, addresses, timeoutMs);
  return answer === undefined ? undefined : setsAlone(answer.head);
}

/** @param head of an answer to OPTIONS */
export function setsAlone(head: string): boolean {
  const methods = /^public: *(.*)$/im.exec(head)?.[1] ?? '';
  return /\bSET_PARAMETER\b/.test(methods) && !/\bGET_PARAMETER\b/.test(methods);
}

interface Told {
  /** Undefined: there is none that could be had. */
  readonly answer: Answer | undefined;
  /** What asked for credentials before. */
  readonly challenge: string | undefined;
}

async function answerTo(
  method: string,
  source: Source,
  addresses: readonly [string, ...string[]],
  timeoutMs: number,
): Promise<Told> {
  const socket = await opened(source, addresses, timeoutMs);
  if (socket === undefined) return { answer: undefined, challenge: undefined };
  try {
    const answer = await ask(socket, method, source, 1, undefined);
    if (answer?.status !== 401) return { answer, challenge: undefined };
    const challenge = answer.head;
    const authorization = authorizationOf(challenge, source, { method, uri: placeOf(source), count: 1 });
    if (authorization === undefined) return { answer: undefined, challenge: undefined };
    return { answer: await ask(socket, method, source, 2, authorization), challenge };
  } finally {
    socket.destroy();
  }
}

function descriptionOf(answer: Answer | undefined): RtspDescription {
  if (answer?.status === 200)
    return { sdp: answer.body, isBeyondFfmpeg: isMisread(answer.body), location: undefined };
  if (!REDIRECTS.has(answer?.status ?? 0)) return NOTHING;
  return { ...NOTHING, location: /^location: *(\S+)/im.exec(answer?.head ?? '')?.[1] };
}

const isMisread = (sdp: string): boolean => withFirstFormats(sdp) !== sdp;

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
  method: string,
  source: Source,
  sequence: number,
  authorization: string | undefined,
): Promise<Answer | undefined> {
  const lines = [
    `${method} ${placeOf(source)} RTSP/1.0`,
    `CSeq: ${sequence}`,
    ...(method === 'DESCRIBE' ? ['Accept: application/sdp'] : []),
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
