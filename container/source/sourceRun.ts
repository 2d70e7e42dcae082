import { isDeepStrictEqual } from 'node:util';
import type { PacketFormat } from '../../functions/core/media/tracks/joining.ts';
import type { TrackSource } from '../../functions/core/media/tracks/sample.ts';
import type { DataSource } from '../../functions/core/media/tracks/timedData.ts';
import type { ContainerFormat } from '../../functions/core/media/types.ts';
import { type EncodingPlan, isServedBy } from '../../functions/core/settings/formats.ts';
import type { FoundSource, LeftOut } from '../../functions/core/settings/selectTracks.ts';
import type { Reason } from '../../functions/core/state/objects.ts';
import { dataSources, trackOutputs } from './ffmpegArguments.ts';
import { hasCome, hasEnd } from './finiteness.ts';
import { ioTimeoutMs, LOOKS_LONGER_MS, silenceLimitMs } from './inputOptions.ts';
import type { KeyframeWait } from './live/receiving.ts';
import { OpeningLimit } from './openingLimit.ts';
import { type OutputChunk, readOutputs } from './outputs.ts';
import { Silence } from './silence.ts';
import { readSource, type SourceReader, type SourceReaderOptions } from './sourceReader.ts';

/** What is known of a run before its first packet. */
export interface RunFacts {
  readonly format: ContainerFormat;
  /** Streams of the source that are not recorded. */
  readonly leftOut: readonly LeftOut[];
  /** It comes as it is made. */
  readonly isLive: boolean;
  /** So many does ffmpeg read at once. */
  readonly inputs: number;
  readonly packets: PacketFormat;
  /** Timed metadata, which ffmpeg writes to its first pipe, behind the tracks there. */
  readonly data: readonly DataSource[];
}

export interface SourceRunOptions extends SourceReaderOptions {
  /** The plan for what the source really sends, and is read out of this. */
  readonly planFor: (found: FoundSource, packets: PacketFormat) => EncodingPlan;
  /** What the recorder's own reader had found in it, where ffmpeg is to read it all the same. */
  readonly readHere?: FoundSource | undefined;
  /**
   * Told before the first chunk what each of the outputs has, and what is to be made of it.
   */
  readonly onTracks: (outputs: readonly (readonly TrackSource[])[], run: RunFacts) => void;
  /**
   * Takes what an output gave, in order; nothing, now and then. What it throws ends the run.
   * @returns whether pictures or sound have come
   */
  readonly onChunk: (output: OutputChunk) => Promise<boolean>;
  /** How much has been recorded over this connection, in ms of its own time. */
  readonly connectionMs: () => number;
  readonly openTimeoutMs: number;
  /** While more and more pictures wait for a keyframe the source is there. */
  readonly keyframeWait?: (() => KeyframeWait | undefined) | undefined;
  /** Asks ffmpeg to finish. */
  readonly signal: AbortSignal;
}

export type SourceEnd =
  /** The source sends something else than was expected: run again with this plan. */
  | {
      readonly kind: 'replan';
      readonly plan: EncodingPlan;
      readonly looksLonger?: boolean;
      /**
       * Another is to read it: ffmpeg, since something is to be encoded, or cannot be read here; or the recorder itself
       * after all, since ffmpeg does not know its codecs.
       */
      readonly reader?: 'ffmpeg' | 'own';
      /** What the recorder's own reader has found in it. */
      readonly readHere?: FoundSource | undefined;
    }
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
const NOTHING_FOUND: FoundSource = { streams: [], programs: [] };
/** ffmpeg's words for it. */
const NO_STREAM = 'Output file #0 does not contain any stream';
/** A hung ffmpeg does not listen, and has nothing more to give. */
const HUNG_GRACE_MS = 2_000;

/** Reads the source once, from connecting to its end. */
export async function runSource(options: SourceRunOptions): Promise<SourceEnd> {
  const { log, input, access } = options;
  const { url } = input;
  const beganAtMs = performance.now();

  let timedOut = false;
  const silence = new Silence(silenceLimitMs(input.settings, access.inSegments), () => {
    log.warn('the source is connected and sends nothing');
    timedOut = true;
    demuxer.stop(HUNG_GRACE_MS);
  });
  const reader = await readSource(options);
  const { demuxer, claimed, complaints } = reader;
  const openTimeoutMs = Math.max(options.openTimeoutMs, input.looksLonger === true ? LOOKS_LONGER_MS : 0);
  const openTimer = new OpeningLimit({
    limitMs: openTimeoutMs,
    starvedMs: () => demuxer.starvedMs,
    keyframeWait: options.keyframeWait,
    onOver: () => {
      timedOut = true;
      demuxer.stop();
    },
  });
  const stop = (): void => {
    if (access.finish === undefined) {
      demuxer.stop();
      return;
    }
    // What has come, and was not read yet, is recorded, too.
    access.finish();
    demuxer.expectEnd();
  };
  options.signal.addEventListener('abort', stop);
  if (options.signal.aborted) stop();
  const kill = (): void => demuxer.kill();
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
    // ffmpeg does not know what it sends, and the recorder's own reader does.
    let isReadHere = false;
    for await (const output of readOutputs(demuxer.outputs, TICK_MS)) {
      if (output === undefined && !decided) continue;
      if (!decided) {
        silence.touch();
        // It says what it found before it gives anything.
        const found = await reader.found;
        const plan = found === undefined ? options.plan : options.planFor(found, reader.packets);
        decided = true;
        isReadHere = isUnknownTo(reader, found, options);
        openTimer.clear();
        isRepeat = input.rejoins && !access.inSegments && hasEnd(url, claimed);
        looksLonger = lacksWhatCame(plan, options);
        isEmpty = plan.maps.length === 0 && !looksLonger;
        if (isRepeat || isEmpty || looksLonger || isReadHere) demuxer.stop();
        else if (found !== undefined && !serves(reader, plan, options.plan, found)) {
          replan = plan;
          demuxer.stop();
        } else {
          const isLive = !access.inSegments && !hasEnd(url, claimed);
          const written = reader.packets === 'flv' ? plan : options.plan;
          options.onTracks(trackOutputs(written, found ?? NOTHING_FOUND), {
            format: plan.format,
            packets: reader.packets,
            data: dataSources(written, found ?? NOTHING_FOUND),
            leftOut: [...plan.leftOut, ...access.leftOut],
            isLive,
            inputs: 1 + access.others.length,
          });
        }
      }
      const isRefused = isRepeat || isEmpty || isReadHere || access.refused.aborted;
      const isRecorded = replan === undefined && !looksLonger && !isRefused;
      if (isRecorded && (await options.onChunk(output))) silence.touch();
    }
    const exitCode = await demuxer.exited;
    if (access.reason !== undefined) return { kind: 'refused', reason: access.reason };
    if (reader.needsFfmpeg) return { kind: 'replan', plan: options.plan, reader: 'ffmpeg' };
    if (!decided) {
      timedOut ||= performance.now() - beganAtMs >= ioTimeoutMs(input);
      // ffmpeg ends before the first byte when it is to write what it does not know.
      const found = await reader.found;
      isReadHere = isUnknownTo(reader, found, options);
      if (found !== undefined && found.streams.length > 0 && !isReadHere) {
        const plan = options.planFor(found, reader.packets);
        looksLonger = lacksWhatCame(plan, options);
        // Where nothing is to be recorded, another run would find no more.
        const isOther = !isDeepStrictEqual([plan.maps, plan.audio], [options.plan.maps, options.plan.audio]);
        if (plan.maps.length > 0 && isOther) replan = plan;
      }
    }
    if (isReadHere) return { kind: 'replan', plan: options.plan, reader: 'own' };
    if (looksLonger) return { kind: 'replan', plan: options.plan, looksLonger };
    if (replan !== undefined && reader.packets === 'flv')
      return { kind: 'replan', plan: replan, reader: 'ffmpeg', readHere: await reader.found };
    if (replan !== undefined) return { kind: 'replan', plan: replan };
    return {
      kind: 'ended',
      exitCode,
      // ffmpeg only sees that the proxy has no answer; the proxy knows why.
      complaints: isEmpty ? [NO_STREAM] : access.failures.length > 0 ? access.failures : complaints.lines,
      complaint: access.failures.at(-1) ?? complaints.last,
      isFinite: !access.inSegments && (hasEnd(url, claimed) || hasCome(url, claimed, options.connectionMs())),
      timedOut,
      hasNewTrack: reader.hasNewTrack,
    };
  } finally {
    silence.end();
    openTimer.clear();
    options.signal.removeEventListener('abort', stop);
    access.refused.removeEventListener('abort', kill);
    demuxer.stop();
    for (const output of demuxer.outputs) output.close();
    await demuxer.exited.catch(() => undefined);
  }
}

/** Whether what the reader gives is what the plan asks for: the recorder itself encodes nothing. @param given to ffmpeg */
function serves(reader: SourceReader, plan: EncodingPlan, given: EncodingPlan, found: FoundSource): boolean {
  return reader.packets === 'flv' ? plan.audio === 'copy' : isServedBy(plan, given, found);
}

/** ffmpeg has found what it does not know, and what the recorder's own reader does. */
function isUnknownTo(
  { packets }: SourceReader,
  found: FoundSource | undefined,
  { readHere }: SourceRunOptions,
): boolean {
  if (packets === 'flv' || readHere === undefined) return false;
  const unknown = found?.streams.filter(({ codec }) => codec === 'none') ?? [];
  return unknown.some(({ kind }) =>
    readHere.streams.some((one) => one.kind === kind && one.codec !== 'none'),
  );
}

/** Pictures or sound have come, and ffmpeg has not looked for long enough to get any. */
function lacksWhatCame(plan: EncodingPlan, { input, access }: SourceRunOptions): boolean {
  const lacking = plan.leftOut.flatMap(({ kind, reason }) => (reason === 'never_came' ? [kind] : []));
  const hasCome = lacking.some((kind) => (kind === 'video' || kind === 'audio') && access.hasCome(kind));
  return hasCome && input.looksLonger !== true;
}
