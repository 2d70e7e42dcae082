import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import type { Logger } from '@aws-lambda-powertools/logger';
import type { Clock } from '../../../functions/core/protocol/ports.ts';
import { parseSource } from '../../../functions/core/source/sourceUrl.ts';
import { Complaints, levelAndText } from '../complaints.ts';
import { FFMPEG_ENVIRONMENT } from '../ffmpeg.ts';
import { endFirstWithoutMemory } from '../memoryShortage.ts';
import type { SourceAccess } from '../reach/sourceAccess.ts';
import { SourceLostError } from './liveSource.ts';
import { type Opened, openReceiving } from './openLive.ts';

export interface ReceivedOptions {
  readonly ffmpegPath: string;
  /** Of the source, whose secrets no log may have. */
  readonly url: string;
  readonly access: Pick<SourceAccess, 'url' | 'options' | 'environment'>;
  /** Nothing has come for so long: the connection is lost. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Bytes as they come: what ffmpeg takes for sound without a header it neither looks into nor changes. */
const AS_BYTES = ['-f', 'f32le'];
const ONLY_BYTES = ['-format_whitelist', 'f32le'];
/**
 * The demuxer reads a 25th of a second of it (5.1) or a 10th (7.1) at once: with this rate less than one message of SRT's, of
 * which none may be read in part.
 */
const RATE_HZ = '5000';
const LOOKED_AT_BYTES = '32';
/** What comes is read at once: SRT drops what has waited, on either side, and all of it when the other side has gone. */
const HELD_MAX_BYTES = 32 * 1024 * 1024;
const STDERR = 2;
const TIMED_OUT = 'Connection timed out';

/**
 * Connects to a source over SRT. ffmpeg receives what it sends, and looks into nothing: so one connection is enough,
 * whatever comes. A listener of SRT may take no second one.
 * @param signal gives up waiting for how it begins
 * @throws SourceLostError; what the signal was aborted with
 */
export const openReceived = (options: ReceivedOptions, signal: AbortSignal): Promise<Opened> =>
  openReceiving((gone) => received(options, gone), options.clock, signal);

/** @throws SourceLostError at the end, whatever that was: ffmpeg does not say */
async function* received(
  { ffmpegPath, url, access, timeoutMs, log }: ReceivedOptions,
  gone: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const complaints = new Complaints(url, log);
  const { scheme, protocols } = parseSource(url, 'source.url');
  const input = [
    scheme === 'srt' ? '-timeout' : '-rw_timeout',
    String(timeoutMs * 1_000),
    '-probesize',
    LOOKED_AT_BYTES,
    '-analyzeduration',
    '0',
    ...access.options,
    ...ONLY_BYTES,
  ];
  const child = spawn(
    ffmpegPath,
    [
      ...[
        '-hide_banner',
        '-nostdin',
        '-nostats',
        '-loglevel',
        'level+error',
        '-protocol_whitelist',
        protocols.join(','),
      ],
      ...[...input, ...AS_BYTES, '-ar', RATE_HZ, '-i', access.url],
      ...['-c', 'copy', '-flush_packets', '1', ...AS_BYTES, 'pipe:1'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...FFMPEG_ENVIRONMENT, ...access.environment } },
  );
  const kill = (): void => void child.kill('SIGKILL');
  const exited = once(child, 'close');
  // Whoever waits for it hears of it.
  exited.catch(() => undefined);
  if (child.pid !== undefined)
    endFirstWithoutMemory(child.pid).catch((error: Error) => complaints.add('warning', error.message));
  createInterface({ input: child.stdio[STDERR] }).on('line', (line) => complaints.add(...levelAndText(line)));
  gone.addEventListener('abort', kill);
  if (gone.aborted) kill();
  let hasCome = false;
  try {
    for await (const chunk of child.stdout.pipe(new PassThrough({ highWaterMark: HELD_MAX_BYTES }))) {
      hasCome = true;
      yield chunk;
    }
    await exited;
    if (!hasCome && isUnanswered(complaints.lines)) throw new SourceLostError([TIMED_OUT], TIMED_OUT, true);
    throw new SourceLostError(complaints.lines, complaints.last);
  } finally {
    gone.removeEventListener('abort', kill);
    kill();
    await exited;
  }
}

/** Of who does not answer libsrt tells no more than that there was an error; of who rejects a caller it says why. */
function isUnanswered(complaints: readonly string[]): boolean {
  const hasFailed = complaints.some((line) => /^Connection to .*failed: Input\/output error/.test(line));
  return hasFailed && !complaints.some((line) => /reject/i.test(line));
}
