import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '@aws-lambda-powertools/logger';
import type { EncodingPlan, StreamCodec } from '../../functions/core/settings/formats.ts';
import type { Reason } from '../../functions/core/state/objects.ts';
import { Complaints } from './complaints.ts';
import { Ffmpeg } from './ffmpeg.ts';
import { hasCome, hasEnd } from './finiteness.ts';
import { type Input, ioTimeoutMs, silenceLimitMs } from './inputOptions.ts';
import { InputStreams } from './inputStreams.ts';
import { ParameterChanges } from './parameterChanges.ts';
import type { SourceAccess } from './reach/sourceAccess.ts';
import { Silence } from './silence.ts';
import { TimelineJumps } from './timelineJumps.ts';

export interface SourceRunOptions {
  readonly ffmpegPath: string;
  /** With the source's own URL, whose secrets no log may have. */
  readonly input: Input;
  readonly access: SourceAccess;
  readonly plan: EncodingPlan;
  /** The plan for what the source really sends. */
  readonly planFor: (streams: readonly StreamCodec[]) => EncodingPlan;
  /** Takes ffmpeg's output, in order. What it throws ends the run. */
  readonly onChunk: (chunk: Buffer) => Promise<void>;
  /** Told before the first chunk, where the source's own time goes on over its connections, in ms. */
  readonly onTimeline: (startMs: number) => void;
  /** Told that what is shown from then on, in ms of this run's timeline, does not belong into this run's file. */
  readonly onParameterChange: (atMs: number) => void;
  readonly ignoresRepeatedParameters: boolean;
  /** How much of this run has been recorded, in ms of its own time. */
  readonly runMs: () => number;
  readonly openTimeoutMs: number;
  /** Asks ffmpeg to finish. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

export type SourceEnd =
  /** The video's codec parameters changed: run again, for another file. */
  | { readonly kind: 'changed'; readonly parameters: string | undefined }
  /** The source sends something else than was expected: run again with this plan. */
  | { readonly kind: 'replan'; readonly plan: EncodingPlan }
  /** The source leads to where it may not. */
  | { readonly kind: 'refused'; readonly reason: Reason }
  /** ffmpeg has ended. */
  | {
      readonly kind: 'ended';
      readonly exitCode: number;
      /** The last errors and warnings, without the source's secrets. */
      readonly complaints: readonly string[];
      /** The last of them that matters. */
      readonly complaint: string | undefined;
      /** The source is a file or a playlist with an end, not a live stream. */
      readonly isFinite: boolean;
      readonly parameters: string | undefined;
      /** Nothing came in time: before the first frame, or later. */
      readonly timedOut: boolean;
    };

/** A hung ffmpeg does not listen, and has nothing more to give. */
const HUNG_GRACE_MS = 2_000;
const LINE = /^(?:\[[^\]]+ @ [^\]]+\] )*\[(\w+)\] (.*)$/s;

/** Runs ffmpeg on the source once, from connecting to its end. */
export async function runSource(options: SourceRunOptions): Promise<SourceEnd> {
  const { log, input, access } = options;
  const { url } = input;
  const beganAtMs = performance.now();
  const complaints = new Complaints(url, log);
  const streams = new InputStreams();
  const known = Promise.withResolvers<readonly StreamCodec[] | undefined>();

  let changed = false;
  const changes = new ParameterChanges((atMs) => {
    if (changed) return;
    changed = true;
    options.onParameterChange(atMs);
    ffmpeg.stop();
  }, options.ignoresRepeatedParameters);
  const jumps = new TimelineJumps();
  let timedOut = false;
  const silence = new Silence(silenceLimitMs(input.settings, false), () => {
    log.warn('the source is connected and sends nothing');
    timedOut = true;
    ffmpeg.stop(HUNG_GRACE_MS);
  });
  const ffmpeg = new Ffmpeg({
    onPacket: (line) => {
      silence.touch();
      changes.read(line);
    },
    path: options.ffmpegPath,
    input,
    access,
    plan: options.plan,
    onLine: (line) => {
      const [, level = '', text = line] = LINE.exec(line) ?? [];
      access.readLine(text);
      const found = streams.read(text);
      if (found !== undefined) known.resolve(found);
      if (level === 'info') return;
      if (jumps.read(text)) {
        log.warn('the times of the source have jumped back: it is taken for lost');
        ffmpeg.stop();
      }
      if (!/^\s*Last message repeated /.test(text)) complaints.add(level, text);
    },
  });
  // ffmpeg 7.1 does not say that its list is complete when it cannot open its output.
  void ffmpeg.exited.catch(() => undefined).then(() => known.resolve(streams.listed));

  const openTimer = setTimeout(() => {
    timedOut = true;
    ffmpeg.stop();
  }, options.openTimeoutMs);
  const stop = (): void => ffmpeg.stop();
  options.signal.addEventListener('abort', stop);
  if (options.signal.aborted) stop();
  const kill = (): void => ffmpeg.kill();
  access.refused.addEventListener('abort', kill);
  if (access.refused.aborted) kill();

  try {
    let replan: EncodingPlan | undefined;
    let decided = false;
    // What has an end was recorded up to the moment at which it was lost: from its beginning it would come twice.
    let isRepeat = false;
    for await (const chunk of ffmpeg.stdout) {
      silence.touch();
      if (!decided) {
        // ffmpeg says what it found before it writes anything.
        const found = await known.promise;
        const plan = found === undefined ? options.plan : options.planFor(found);
        decided = true;
        clearTimeout(openTimer);
        isRepeat = input.rejoins && hasEnd(url, streams);
        if (isRepeat) ffmpeg.stop();
        else if (!isDeepStrictEqual(plan, options.plan)) {
          replan = plan;
          ffmpeg.stop();
        }
        if (streams.timelineStartMs !== undefined) {
          silence.allow(silenceLimitMs(input.settings, true));
          silence.touch();
          options.onTimeline(streams.timelineStartMs);
        }
      }
      if (replan === undefined && !isRepeat && !access.refused.aborted)
        await options.onChunk(chunk as Buffer);
    }
    const exitCode = await ffmpeg.exited;
    if (access.reason !== undefined) return { kind: 'refused', reason: access.reason };
    if (!decided) {
      timedOut ||= performance.now() - beganAtMs >= ioTimeoutMs(input);
      // A container that cannot carry the codec fails before the first byte.
      const found = await known.promise;
      const plan = found === undefined || found.length === 0 ? options.plan : options.planFor(found);
      if (!isDeepStrictEqual(plan, options.plan)) replan = plan;
    }
    if (replan !== undefined) return { kind: 'replan', plan: replan };
    if (changed) return { kind: 'changed', parameters: changes.fingerprint };
    const parameters = changes.fingerprint;
    return {
      kind: 'ended',
      exitCode,
      // ffmpeg only sees that the proxy has no answer; the proxy knows why.
      complaints: access.failures.length > 0 ? access.failures : complaints.lines,
      complaint: access.failures.at(-1) ?? complaints.last,
      isFinite: hasEnd(url, streams) || hasCome(url, streams, options.runMs()),
      timedOut,
      parameters,
    };
  } finally {
    silence.end();
    clearTimeout(openTimer);
    options.signal.removeEventListener('abort', stop);
    access.refused.removeEventListener('abort', kill);
    ffmpeg.stop();
    ffmpeg.stdout.resume();
    await ffmpeg.exited.catch(() => undefined);
  }
}
