import type { Clock } from '../../../functions/core/protocol/ports.ts';
import { Wait } from '../hls/wait.ts';
import type { JudgedHttp } from '../reach/judgedHttp.ts';
import { kindOfStream, type LiveKind } from './liveKind.ts';
import { LiveSource } from './liveSource.ts';

/**
 * Connects to a source over HTTP and looks at how it begins.
 * @param signal gives up waiting for that
 * @returns `other`: a file, or what only ffmpeg can tell, which is to connect by itself
 * @throws HttpFault, ForbiddenSourceError; what the signal was aborted with
 */
export async function openLive(
  http: JudgedHttp,
  url: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<LiveSource | 'playlist' | 'other'> {
  const gone = new AbortController();
  const wait = new Wait([signal]);
  const onAbort = (): void => gone.abort(wait.signal.reason);
  wait.signal.addEventListener('abort', onAbort);
  try {
    const { bytes, body } = await http.get(url, { signal: gone.signal });
    const { head, kind } = await lookAt(body);
    const isLive = (kind === 'flv' || kind === 'ts') && bytes === undefined;
    if (isLive) return new LiveSource(kind, continued(head, body), clock, gone);
    await body.return();
    return kind === 'playlist' ? kind : 'other';
  } finally {
    wait.signal.removeEventListener('abort', onAbort);
    wait.release();
  }
}

async function lookAt(
  body: AsyncGenerator<Buffer, void, undefined>,
): Promise<{ readonly head: Buffer; readonly kind: LiveKind | 'playlist' | 'other' }> {
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
