import type { Clock } from '../../../functions/core/protocol/ports.ts';
import { AWAKE_TIME } from '../../attempt/awakeTime.ts';
import { Wait } from '../hls/wait.ts';
import type { JudgedHttp } from '../reach/judgedHttp.ts';
import { type KindOfStream, kindOfStream } from './liveKind.ts';
import { LiveSource } from './liveSource.ts';
import type { LiveEnds } from './receiving.ts';

/**
 * `other`: a file, or what only ffmpeg can tell, which is to connect by itself; so it is to `pictures` (KindOfStream).
 * `nothing`: it ended before that could be told.
 */
export type Opened = LiveSource | 'playlist' | 'pictures' | 'other' | 'nothing';

/**
 * Connects to a source over HTTP and looks at how it begins.
 * @param signal gives up waiting for that
 * @throws HttpFault, ForbiddenSourceError; what the signal was aborted with
 */
export const openLive = (http: JudgedHttp, url: string, clock: Clock, signal: AbortSignal): Promise<Opened> =>
  openingUntil(signal, async (gone) => {
    const { bytes, body } = await http.get(url, { signal: gone.signal });
    return openedOf(body, clock, { gone }, bytes === undefined);
  });

/**
 * Looks at how a stream begins that comes over no HTTP.
 * @param receive gives its bytes, until it is told to go; once it is to end, without delay
 * @param signal gives up waiting for that
 * @param giveBack takes back what it gave
 * @throws what was thrown while it was received; what the signal was aborted with
 */
export const openReceiving = (
  receive: (gone: AbortSignal, ending: AbortSignal) => AsyncGenerator<Buffer, void, undefined>,
  clock: Clock,
  signal: AbortSignal,
  giveBack?: (chunk: Buffer) => void,
): Promise<Opened> =>
  openingUntil(signal, async (gone) => {
    try {
      const ending = new AbortController();
      return await openedOf(receive(gone.signal, ending.signal), clock, { gone, ending, giveBack });
    } finally {
      // Whoever receives may say the end of a connection that was given up.
      signal.throwIfAborted();
    }
  });

/** What is opened outlives the signal, which ends the connection only until then. */
async function openingUntil(
  signal: AbortSignal,
  open: (gone: AbortController) => Promise<Opened>,
): Promise<Opened> {
  const gone = new AbortController();
  const wait = new Wait([signal]);
  const onAbort = (): void => gone.abort(wait.signal.reason);
  wait.signal.addEventListener('abort', onAbort);
  try {
    return await open(gone);
  } finally {
    wait.signal.removeEventListener('abort', onAbort);
    wait.release();
  }
}

/** @param isEndless it does not say how long it is */
export async function openedOf(
  body: AsyncGenerator<Buffer, void, undefined>,
  clock: Clock,
  ends: LiveEnds,
  isEndless = true,
): Promise<Opened> {
  const { head, kind } = await lookAt(body);
  if ((kind === 'flv' || kind === 'ts') && isEndless) {
    const clocks = { nowMs: () => clock.nowMs(), awakeMs: () => AWAKE_TIME.ms };
    return new LiveSource(kind, continued(head, body), clocks, ends);
  }
  await body.return();
  return kind === 'playlist' || kind === 'nothing' || (kind === 'pictures' && isEndless) ? kind : 'other';
}

async function lookAt(
  body: AsyncGenerator<Buffer, void, undefined>,
): Promise<{ readonly head: Buffer; readonly kind: KindOfStream }> {
  let head = Buffer.alloc(0);
  for (;;) {
    const { value, done } = await body.next();
    if (done !== true) head = Buffer.concat([head, value]);
    const kind = kindOfStream(head, done === true);
    if (kind !== undefined) return { head, kind };
  }
}

async function* continued(
  head: Buffer,
  rest: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  yield head;
  yield* rest;
}
