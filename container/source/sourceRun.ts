import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '@aws-lambda-powertools/logger';
import type { TrackSource } from '../../functions/core/media/tracks/sample.ts';
import type { DataSource } from '../../functions/core/media/tracks/timedData.ts';
import type { ContainerFormat } from '../../functions/core/media/types.ts';
import { type EncodingPlan, isServedBy } from '../../functions/core/settings/formats.ts';
import type { FoundSource, LeftOut } from '../../functions/core/settings/selectTracks.ts';
import type { Reason } from '../../functions/core/state/objects.ts';
import { Complaints, levelAndText } from './complaints.ts';
import { Ffmpeg } from './ffmpeg.ts';
import { dataSources, trackOutputs } from './ffmpegArguments.ts';
import { hasCome, hasEnd } from './finiteness.ts';
import { type Input, ioTimeoutMs, LOOKS_LONGER_MS, silenceLimitMs } from './inputOptions.ts';
import { InputStreams } from './inputStreams.ts';
import type { KeyframeWait } from './live/receiving.ts';
import { OpeningLimit } from './openingLimit.ts';
import { type OutputChunk, readOutputs } from './outputs.ts';
import type { SourceAccess } from './reach/sourceAccess.ts';
import { Silence } from './silence.ts';
import type { SoundJumps } from './soundJumps.ts';

/** What is known of a run before its first packet. */
export interface RunFacts {
  readonly format: ContainerFormat;
  /** Streams of the source that are not recorded. */
  readonly leftOut: readonly LeftOut[];
  /** It comes as it is made. */
  readonly isLive: boolean;
  /** So many does ffmpeg read at once. */
  readonly inputs: number;
  /** Timed metadata, which ffmpeg writes to its first pipe, behind the tracks there. */
  readonly data: readonly DataSource[];
}

export interface SourceRunOptions {
  readonly ffmpegPath: string;
  /** With the source's own URL, whose secrets no log may have. */
  readonly input: Input;
  readonly access: SourceAccess;
  readonly plan: EncodingPlan;
  /** The plan for what the source really sends. */
  readonly planFor: (found: FoundSource) => EncodingPlan;
  /**
   * Told before the first chunk what ffmpeg writes to each of its pipes, and what is to be made of it.
   */
  readonly onTracks: (outputs: readonly (readonly TrackSource[])[], run: RunFacts) => void;
  /**
   * Takes what ffmpeg wrote to one of its pipes, in order; nothing, now and then. What it throws ends the run.
   * @returns whether pictures or sound have come
   */
  readonly onChunk: (output: OutputChunk) => Promise<boolean>;
  /** Reads which jumps of the source's clock are taken out of sound that is encoded. */
  readonly soundJumps: SoundJumps;
  /** How much has been recorded over this connection, in ms of its own time. */
  readonly connectionMs: () => number;
  readonly openTimeoutMs: number;
  /** While more and more pictures wait for a keyframe the source is there. */
  readonly keyframeWait?: (() => KeyframeWait | undefined) | undefined;
  /** When a track begins that ffmpeg did not know of when it began, it is to end: the source is joined again, for both. */
  readonly endsForNewTracks: boolean;
  /** Asks ffmpeg to finish. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

export type SourceEnd =
  /** The source sends something else than was expected: run again with this plan. */
  | { readonly kind: 'replan'; readonly plan: EncodingPlan; readonly looksLonger?: boolean }
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
      /** Why, where more is known than ffmpeg says. */
      readonly reason?: Reason;
      /** The source is a file or a playlist with an end, not a live stream. */
      readonly isFinite: boolean;
      /** Nothing came in time: before the first frame, or later. */
      readonly timedOut: boolean;
      /** It was ended because a track had begun that it did not know of. */
      readonly hasNewTrack: boolean;
    };

/** Samples wait for others, and are looked at again after so long. */
const TICK_MS = 250;
/** What ffmpeg finds after it has begun is not among what it was told to write, nor is what it waits for. */
const NEW_TRACK = /^(?:New (?:video|audio) stream \d+:\d+ at pos|Output #\d+, rawvideo, to )/;
const NOTHING_FOUND: FoundSource = { streams: [], programs: [] };
/** ffmpeg's words for it. */
const NO_STREAM = 'Output file #0 does not contain any stream';
/** A hung ffmpeg does not listen, and has nothing more to give. */
const HUNG_GRACE_MS = 2_000;

/** Runs ffmpeg on the source once, from connecting to its end. */
export async function runSource(options: SourceRunOptions): Promise<SourceEnd> {
  const { log, input, access } = options;
  const { url } = input;
  const beganAtMs = performance.now();
  const complaints = new Complaints(url, log);
  const streams = new InputStreams(access);
  const sounds = options.plan.maps.filter((map) => map.includes(':a:')).length;
  const known = Promise.withResolvers<FoundSource | undefined>();

  let timedOut = false;
  let hasNewTrack = false;
  const silence = new Silence(silenceLimitMs(input.settings, access.inSegments), () => {
    log.warn('the source is connected and sends nothing');
    timedOut = true;
    ffmpeg.stop(HUNG_GRACE_MS);
  });
  const ffmpeg = await Ffmpeg.start({
    path: options.ffmpegPath,
    input,
    access,
    plan: options.plan,
    onLine: (line) => {
      const [level, text] = levelAndText(line);
      // Of several sounds nobody knows whose jump it is.
      if (sounds === 1 && options.soundJumps.readLine(text)) return;
      access.readLine(text);
      const found = streams.read(text);
      if (found !== undefined) known.resolve(found);
      if (options.endsForNewTracks && NEW_TRACK.test(text) && !hasNewTrack) {
        hasNewTrack = true;
        log.info('a track has begun that was not there before: ffmpeg begins again');
        ffmpeg.stop();
      }
      if (level === 'info') return;
      if (!/^\s*Last message repeated /.test(text)) complaints.add(level, text);
    },
  });
  // ffmpeg 7.1 does not say that its list is complete when it cannot open its output.
  void ffmpeg.exited.catch(() => undefined).then(() => known.resolve(streams.listed));

  const openTimeoutMs = Math.max(options.openTimeoutMs, input.looksLonger === true ? LOOKS_LONGER_MS : 0);
  const openTimer = new OpeningLimit({
    limitMs: openTimeoutMs,
    starvedMs: () => ffmpeg.starvedMs,
    keyframeWait: options.keyframeWait,
    onOver: () => {
      timedOut = true;
      ffmpeg.stop();
    },
  });
  const stop = (): void => {
    if (access.finish === undefined) {
      ffmpeg.stop();
      return;
    }
    // What has come, and was not read yet, is recorded, too.
    access.finish();
    ffmpeg.expectEnd();
  };
  options.signal.addEventListener('abort', stop);
  if (options.signal.aborted) stop();
  const kill = (): void => ffmpeg.kill();
  access.refused.addEventListener('abort', kill);
  if (access.refused.aborted) kill();

  try {
    let replan: EncodingPlan | undefined;
    let decided = false;
    let looksLonger = false;
    // What has an end was recorded up to the moment at which it was lost: from its beginning it would come twice.
    let isRepeat = false;
    // The source has nothing of what is asked for.
    let isEmpty = false;
    for await (const output of readOutputs(ffmpeg.outputs, TICK_MS)) {
      if (output === undefined && !decided) continue;
      if (!decided) {
        silence.touch();
        // ffmpeg says what it found before it writes anything.
        const found = await known.promise;
        const plan = found === undefined ? options.plan : options.planFor(found);
        decided = true;
        openTimer.clear();
        isRepeat = input.rejoins && !access.inSegments && hasEnd(url, streams);
        looksLonger = lacksWhatCame(plan, options);
        isEmpty = plan.maps.length === 0 && !looksLonger;
        if (isRepeat || isEmpty || looksLonger) ffmpeg.stop();
        else if (found !== undefined && !isServedBy(plan, options.plan, found)) {
          replan = plan;
          ffmpeg.stop();
        } else {
          const isLive = !access.inSegments && !hasEnd(url, streams);
          options.onTracks(trackOutputs(options.plan, found ?? NOTHING_FOUND), {
            format: plan.format,
            data: dataSources(options.plan, found ?? NOTHING_FOUND),
            leftOut: [...plan.leftOut, ...access.leftOut],
            isLive,
            inputs: 1 + access.others.length,
          });
        }
      }
      const isRecorded =
        replan === undefined && !looksLonger && !isRepeat && !isEmpty && !access.refused.aborted;
      if (isRecorded && (await options.onChunk(output))) silence.touch();
    }
    const exitCode = await ffmpeg.exited;
    if (access.reason !== undefined) return { kind: 'refused', reason: access.reason };
    if (!decided) {
      timedOut ||= performance.now() - beganAtMs >= ioTimeoutMs(input);
      // ffmpeg ends before the first byte when it is to write what it does not know.
      const found = await known.promise;
      if (found !== undefined && found.streams.length > 0) {
        const plan = options.planFor(found);
        looksLonger = lacksWhatCame(plan, options);
        // Where nothing is to be recorded, another run would find no more.
        const isOther = !isDeepStrictEqual([plan.maps, plan.audio], [options.plan.maps, options.plan.audio]);
        if (plan.maps.length > 0 && isOther) replan = plan;
      }
    }
    if (looksLonger) return { kind: 'replan', plan: options.plan, looksLonger };
    if (replan !== undefined) return { kind: 'replan', plan: replan };
    return {
      kind: 'ended',
      exitCode,
      // ffmpeg only sees that the proxy has no answer; the proxy knows why.
      complaints: isEmpty ? [NO_STREAM] : access.failures.length > 0 ? access.failures : complaints.lines,
      complaint: access.failures.at(-1) ?? complaints.last,
      isFinite: !access.inSegments && (hasEnd(url, streams) || hasCome(url, streams, options.connectionMs())),
      timedOut,
      hasNewTrack,
    };
  } finally {
    silence.end();
    openTimer.clear();
    options.signal.removeEventListener('abort', stop);
    access.refused.removeEventListener('abort', kill);
    ffmpeg.stop();
    for (const output of ffmpeg.outputs) output.close();
    await ffmpeg.exited.catch(() => undefined);
  }
}

/** Pictures or sound have come, and ffmpeg has not looked for long enough to get any. */
function lacksWhatCame(plan: EncodingPlan, { input, access }: SourceRunOptions): boolean {
  const lacking = plan.leftOut.flatMap(({ kind, reason }) => (reason === 'never_came' ? [kind] : []));
  const hasCome = lacking.some((kind) => (kind === 'video' || kind === 'audio') && access.hasCome(kind));
  return hasCome && input.looksLonger !== true;
}
