import { randomBytes } from 'node:crypto';
import type { Logger } from '@aws-lambda-powertools/logger';
import { ForbiddenSourceError } from '../../../functions/aws/dnsResolution.ts';
import { redirectedUrl, rtmpAddress } from '../../../functions/core/rtmp/address.ts';
import {
  RtmpAuthenticationError,
  RtmpError,
  type RtmpFault,
  RtmpRedirectError,
} from '../../../functions/core/rtmp/errors.ts';
import { RtmpPlayer } from '../../../functions/core/rtmp/player.ts';
import type { SpareMemory } from '../../../functions/core/rtmp/spareMemory.ts';
import {
  DEFAULT_PORTS,
  redactText,
  type Source,
  withCredentials,
} from '../../../functions/core/source/sourceUrl.ts';
import { AwakeTimer, type TimersWithClock } from '../../attempt/awakeTimer.ts';
import { Wait } from '../hls/wait.ts';
import { connectionComplaint, connectJudged } from '../reach/judgedSocket.ts';
import { ReadRhythm } from '../readRhythm.ts';
import { SourceLostError } from './liveSource.ts';
import { Rest } from './rest.ts';
import { RtmpConnection } from './rtmpConnection.ts';

export interface RtmpSourceOptions {
  readonly source: Source;
  /** The host's, which were judged. */
  readonly addresses: readonly [string, ...string[]];
  /** Judges where the server sends whoever asks. @throws ForbiddenSourceError, UnresolvableSourceError */
  readonly judge: (url: string) => Promise<Pick<RtmpSourceOptions, 'source' | 'addresses'>>;
  /** For an answer of the server's; and later for something of the stream. */
  readonly idleTimeoutMs: number;
  readonly log: Logger;
  /** For what comes: who is done with it may give it back. */
  readonly spare?: SpareMemory;
  readonly timers?: TimersWithClock;
}

/** The kernel holds more of a connection; who is asked to read that much less often reads late. */
const HELD_BYTES = 160 * 1024;
const TIMED_OUT = 'Connection timed out';
const REDIRECTS_MAX = 5;

/**
 * Plays a source over RTMP: its stream as FLV, live bytes in a rhythm. A stream that is not there yet is waited for without
 * a limit.
 * @param gone ends the connection
 * @param ending what comes is read at once
 * @throws SourceLostError; ForbiddenSourceError; what `gone` was aborted with
 */
export async function* receiveRtmp(
  options: RtmpSourceOptions,
  gone: AbortSignal,
  ending: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  let { source, addresses } = options;
  let answer = '';
  for (let redirects = 0; ; ) {
    const { fault, hasPlayed } = yield* playOnce({ ...options, source, addresses }, answer, gone, ending);
    const isElsewhere = fault instanceof RtmpRedirectError;
    // Whoever joins the source again is sent there.
    if (fault === undefined || (isElsewhere && hasPlayed)) return;
    if (fault instanceof RtmpAuthenticationError) {
      answer = fault.answer;
    } else if (isElsewhere && redirects < REDIRECTS_MAX) {
      redirects += 1;
      answer = '';
      ({ source, addresses } = await redirected(fault.location, source, options));
    } else {
      throw lost(fault, source, options);
    }
  }
}

/** @throws ForbiddenSourceError, UnresolvableSourceError */
async function redirected(
  location: string,
  from: Source,
  { judge }: Pick<RtmpSourceOptions, 'judge'>,
): Promise<Pick<RtmpSourceOptions, 'source' | 'addresses'>> {
  const { source, addresses } = await judge(redirectedUrl(location, from));
  if (!source.scheme.startsWith('rtmp'))
    throw new ForbiddenSourceError('leads to a protocol that is not allowed');
  return { source: withCredentials(source, from), addresses };
}

interface Played {
  /** Why the server is not listened to any more; undefined: the stream has ended. */
  readonly fault: RtmpFault | undefined;
  /** Something of the stream has come. */
  readonly hasPlayed: boolean;
}

async function* playOnce(
  { source, addresses, idleTimeoutMs, spare, timers }: Omit<RtmpSourceOptions, 'judge'>,
  answer: string,
  gone: AbortSignal,
  ending: AbortSignal,
): AsyncGenerator<Buffer, Played, undefined> {
  const player = new RtmpPlayer({
    address: rtmpAddress(source),
    answer,
    random: randomBytes,
    ...(spare === undefined ? {} : { spare }),
  });
  const { host, scheme, port = DEFAULT_PORTS[scheme] ?? 0 } = source;
  const isSecure = scheme === 'rtmps';
  const connection = new RtmpConnection(player, (onread) =>
    connectJudged({ host, port, addresses, isSecure, onread }),
  );
  const leave = (): void => connection.close();
  gone.addEventListener('abort', leave);
  if (gone.aborted) leave();
  const limit = (): AwakeTimer =>
    new AwakeTimer(() => connection.close(new TimedOutError()), idleTimeoutMs, timers);
  let timer: AwakeTimer | undefined = limit();
  let rhythm: ReadRhythm | undefined;
  const hurry = new Wait([gone, ending]);
  const rest = new Rest(hurry.signal);
  try {
    for (;;) {
      const { media, bytes } = await connection.read();
      const { phase } = player;
      if (phase !== 'playing' || media.length > 0) timer?.clear();
      if (media.length > 0) yield media;
      if (phase === 'over') return { fault: player.fault, hasPlayed: rhythm !== undefined };
      if (connection.isClosed && bytes === 0) {
        gone.throwIfAborted();
        return { fault: endOfConnection(connection, rhythm !== undefined), hasPlayed: true };
      }
      if (phase === 'waiting') continue;
      if (phase !== 'playing' || media.length > 0) timer = limit();
      if (phase === 'asking') continue;
      rhythm ??= new ReadRhythm(HELD_BYTES);
      const restMs = rhythm.restMs(bytes, performance.now());
      if (restMs === 0) continue;
      await rest.for(restMs);
      gone.throwIfAborted();
    }
  } finally {
    timer?.clear();
    hurry.release();
    gone.removeEventListener('abort', leave);
    connection.close();
  }
}

class TimedOutError extends Error {}

/** @throws SourceLostError unless it is how a stream ends */
function endOfConnection({ error }: RtmpConnection, hasPlayed: boolean): undefined {
  if (error instanceof TimedOutError) throw new SourceLostError([TIMED_OUT], TIMED_OUT, true);
  if (error === undefined && hasPlayed) return undefined;
  const complaint = error === undefined ? 'The server closed the connection' : connectionComplaint(error);
  throw new SourceLostError([complaint], complaint);
}

function lost(
  fault: RtmpFault,
  from: Source,
  { source, log }: Pick<RtmpSourceOptions, 'source' | 'log'>,
): Error {
  const complaint = complaintOf(fault, [source.url, from.url]);
  log.warn('the source answers with an error', { complaint });
  return new SourceLostError([complaint], complaint);
}

/** @param urls whose secrets it does not tell */
function complaintOf(fault: RtmpFault, urls: readonly string[]): string {
  if (fault instanceof RtmpRedirectError) return 'Too many redirects';
  if (fault instanceof RtmpError) return `Invalid data found when processing input: ${fault.message}`;
  return `Server error: ${urls.reduce(redactText, fault.message)}`;
}
