import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '@aws-lambda-powertools/logger';
import type { EncodingPlan, StreamCodec } from '../../functions/core/formats.ts';
import { redactText } from '../../functions/core/source.ts';
import type { Reason } from '../../functions/core/state/objects.ts';
import { Ffmpeg } from './ffmpeg.ts';
import { InputStreams } from './inputStreams.ts';
import { ParameterChanges } from './parameterChanges.ts';
import type { SourceAccess } from './reach/sourceAccess.ts';

export interface SourceRunOptions {
  readonly ffmpegPath: string;
  /** The source's own URL, whose secrets no log may have. */
  readonly url: string;
  readonly access: SourceAccess;
  readonly plan: EncodingPlan;
  /** The plan for what the source really sends. */
  readonly planFor: (streams: readonly StreamCodec[]) => EncodingPlan;
  /** Takes ffmpeg's output, in order. What it throws ends the run. */
  readonly onChunk: (chunk: Buffer) => Promise<void>;
  /** Told that what is shown from then on, in ms of this run's timeline, does not belong into this run's file. */
  readonly onParameterChange: (atMs: number) => void;
  readonly ignoresRepeatedParameters: boolean;
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
      /** The source is a file or a playlist with an end, not a live stream. */
      readonly isFinite: boolean;
      readonly parameters: string | undefined;
      readonly timedOut: boolean;
    };

const COMPLAINTS_KEPT = 50;
const LINE = /^(?:\[[^\]]+ @ [^\]]+\] )?\[(\w+)\] (.*)$/s;

/** Runs ffmpeg on the source once, from connecting to its end. */
export async function runSource(options: SourceRunOptions): Promise<SourceEnd> {
  const { log, url, access } = options;
  const complaints: string[] = [];
  const streams = new InputStreams();
  const known = Promise.withResolvers<readonly StreamCodec[] | undefined>();

  let changed = false;
  const changes = new ParameterChanges((atMs) => {
    if (changed) return;
    changed = true;
    options.onParameterChange(atMs);
    ffmpeg.stop();
  }, options.ignoresRepeatedParameters);
  const ffmpeg = new Ffmpeg({
    onPacket: (line) => changes.read(line),
    path: options.ffmpegPath,
    access,
    plan: options.plan,
    onLine: (line) => {
      const [, level = '', text = line] = LINE.exec(line) ?? [];
      access.readLine(text);
      const found = streams.read(text);
      if (found !== undefined) known.resolve(found);
      if (level === 'info') return;
      const complaint = redactText(text, url);
      log.warn('ffmpeg complains', { level, complaint });
      complaints.push(complaint);
      if (complaints.length > COMPLAINTS_KEPT) complaints.shift();
    },
  });
  void ffmpeg.exited.catch(() => undefined).then(() => known.resolve(streams.listed));

  let timedOut = false;
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
    for await (const chunk of ffmpeg.stdout) {
      if (!decided) {
        // ffmpeg says what it found before it writes anything.
        const found = await known.promise;
        const plan = found === undefined ? options.plan : options.planFor(found);
        decided = true;
        clearTimeout(openTimer);
        if (!isDeepStrictEqual(plan, options.plan)) {
          replan = plan;
          ffmpeg.stop();
        }
      }
      if (replan === undefined && !access.refused.aborted) await options.onChunk(chunk as Buffer);
    }
    const exitCode = await ffmpeg.exited;
    if (access.reason !== undefined) return { kind: 'refused', reason: access.reason };
    if (replan === undefined && !decided) {
      // A container that cannot carry the codec, or a source without video, fails before the first byte.
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
      complaints: access.failures.length > 0 ? access.failures : complaints,
      isFinite: streams.isFinite,
      timedOut,
      parameters,
    };
  } finally {
    clearTimeout(openTimer);
    options.signal.removeEventListener('abort', stop);
    access.refused.removeEventListener('abort', kill);
    ffmpeg.stop();
    ffmpeg.stdout.resume();
    await ffmpeg.exited.catch(() => undefined);
  }
}
