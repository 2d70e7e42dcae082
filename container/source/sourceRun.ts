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
  const beganAtMs = performance.now();
  const run = new SourceRun(options, await readSource(options), beganAtMs);
  try {
    await run.read();
    return await run.end();
  } finally {
    await run.close();
  }
}

class SourceRun {
  readonly #options: SourceRunOptions;
  readonly #reader: SourceReader;
  readonly #beganAtMs: number;
  readonly #silence: Silence;
  readonly #openingLimit: OpeningLimit;
  #timedOut = false;
  /** Something has come, and it is known what becomes of it. */
  #isDecided: boolean = false;
  #replan: EncodingPlan | undefined;
  #looksLonger: boolean = false;
  /** What has an end was recorded up to the moment at which it was lost: from its beginning it would come twice. */
  #isRepeat: boolean = false;
  /** The source has nothing of what is asked for. */
  #isEmpty: boolean = false;
  /** ffmpeg does not know what it sends, and the recorder's own reader does. */
  #isReadHere: boolean = false;

  constructor(options: SourceRunOptions, reader: SourceReader, beganAtMs: number) {
    const { input, access, signal } = options;
    this.#options = options;
    this.#reader = reader;
    this.#beganAtMs = beganAtMs;
    this.#silence = this.#silenceOf(options);
    this.#openingLimit = this.#openingLimitOf(options, input.looksLonger === true);
    signal.addEventListener('abort', this.#stop);
    if (signal.aborted) this.#stop();
    access.refused.addEventListener('abort', this.#kill);
    if (access.refused.aborted) this.#kill();
  }

  /** Hands on what comes, until nothing more does. */
  async read(): Promise<void> {
    for await (const output of readOutputs(this.#reader.demuxer.outputs, TICK_MS)) {
      if (output === undefined && !this.#isDecided) continue;
      if (!this.#isDecided) await this.#decide();
      if (this.#isRecorded && (await this.#options.onChunk(output))) this.#silence.touch();
    }
  }

  async end(): Promise<SourceEnd> {
    const { access, plan } = this.#options;
    const exitCode = await this.#reader.demuxer.exited;
    if (access.reason !== undefined) return { kind: 'refused', reason: access.reason };
    if (this.#reader.needsFfmpeg) return { kind: 'replan', plan, reader: 'ffmpeg' };
    const found = await this.#reader.found;
    if (!this.#isDecided) this.#decideWithoutOutput(found);
    return this.#otherRun(found) ?? this.#ended(exitCode);
  }

  async close(): Promise<void> {
    const { demuxer } = this.#reader;
    this.#silence.end();
    this.#openingLimit.clear();
    this.#options.signal.removeEventListener('abort', this.#stop);
    this.#options.access.refused.removeEventListener('abort', this.#kill);
    demuxer.stop();
    for (const output of demuxer.outputs) output.close();
    await demuxer.exited.catch(() => undefined);
  }

  readonly #stop = (): void => {
    const { access } = this.#options;
    if (access.finish === undefined) {
      this.#reader.demuxer.stop();
      return;
    }
    // What has come, and was not read yet, is recorded, too.
    access.finish();
    this.#reader.demuxer.expectEnd();
  };

  readonly #kill = (): void => this.#reader.demuxer.kill();

  #silenceOf({ input, access, log }: SourceRunOptions): Silence {
    return new Silence(silenceLimitMs(input.settings, access.inSegments), () => {
      log.warn('the source is connected and sends nothing');
      this.#timedOut = true;
      this.#reader.demuxer.stop(HUNG_GRACE_MS);
    });
  }

  #openingLimitOf({ openTimeoutMs, keyframeWait }: SourceRunOptions, looksLonger: boolean): OpeningLimit {
    const { demuxer } = this.#reader;
    return new OpeningLimit({
      limitMs: Math.max(openTimeoutMs, looksLonger ? LOOKS_LONGER_MS : 0),
      starvedMs: () => demuxer.starvedMs,
      keyframeWait,
      onOver: () => {
        this.#timedOut = true;
        demuxer.stop();
      },
    });
  }

  /** What becomes of what comes: it says what it found before it gives anything. */
  async #decide(): Promise<void> {
    const { input, access, plan: given, planFor } = this.#options;
    const { demuxer, claimed, packets } = this.#reader;
    this.#silence.touch();
    const found = await this.#reader.found;
    const plan = found === undefined ? given : planFor(found, packets);
    this.#isDecided = true;
    this.#isReadHere = isUnknownTo(this.#reader, found, this.#options);
    this.#openingLimit.clear();
    this.#isRepeat = input.rejoins && !access.inSegments && hasEnd(input.url, claimed);
    this.#looksLonger = lacksWhatCame(plan, this.#options);
    this.#isEmpty = plan.maps.length === 0 && !this.#looksLonger;
    if (found !== undefined && this.#isRecorded && !serves(this.#reader, plan, given, found))
      this.#replan = plan;
    if (this.#isRecorded) this.#begin(plan, found ?? NOTHING_FOUND);
    else demuxer.stop();
  }

  get #isRecorded(): boolean {
    const isOther = this.#replan !== undefined || this.#looksLonger || this.#isReadHere;
    return !isOther && !this.#isRepeat && !this.#isEmpty && !this.#options.access.refused.aborted;
  }

  /** @param plan for what was found */
  #begin(plan: EncodingPlan, found: FoundSource): void {
    const { input, access, plan: given, onTracks } = this.#options;
    const { claimed, packets } = this.#reader;
    const written = packets === 'flv' ? plan : given;
    onTracks(trackOutputs(written, found), {
      format: plan.format,
      packets,
      data: dataSources(written, found),
      leftOut: [...plan.leftOut, ...access.leftOut],
      isLive: !access.inSegments && !hasEnd(input.url, claimed),
      inputs: 1 + access.others.length,
    });
  }

  /** It has ended before its first output: ffmpeg does so when it is to write what it does not know. */
  #decideWithoutOutput(found: FoundSource | undefined): void {
    const { input, plan: given, planFor } = this.#options;
    this.#timedOut ||= performance.now() - this.#beganAtMs >= ioTimeoutMs(input);
    this.#isReadHere = isUnknownTo(this.#reader, found, this.#options);
    if (found === undefined || found.streams.length === 0 || this.#isReadHere) return;
    const plan = planFor(found, this.#reader.packets);
    this.#looksLonger = lacksWhatCame(plan, this.#options);
    // Where nothing is to be recorded, another run would find no more.
    const isOther = !isDeepStrictEqual([plan.maps, plan.audio], [given.maps, given.audio]);
    if (plan.maps.length > 0 && isOther) this.#replan = plan;
  }

  /** Another run is to read what this one could not. */
  #otherRun(found: FoundSource | undefined): SourceEnd | undefined {
    const { plan } = this.#options;
    if (this.#isReadHere) return { kind: 'replan', plan, reader: 'own' };
    if (this.#looksLonger) return { kind: 'replan', plan, looksLonger: true };
    if (this.#replan === undefined) return undefined;
    if (this.#reader.packets !== 'flv') return { kind: 'replan', plan: this.#replan };
    return { kind: 'replan', plan: this.#replan, reader: 'ffmpeg', readHere: found };
  }

  #ended(exitCode: number): SourceEnd {
    const { input, access, connectionMs } = this.#options;
    const { claimed, complaints, hasNewTrack } = this.#reader;
    // ffmpeg only sees that the proxy has no answer; the proxy knows why.
    const said = access.failures.length > 0 ? access.failures : complaints.lines;
    const isOver = hasEnd(input.url, claimed) || hasCome(input.url, claimed, connectionMs());
    return {
      kind: 'ended',
      exitCode,
      complaints: this.#isEmpty ? [NO_STREAM] : said,
      complaint: access.failures.at(-1) ?? complaints.last,
      isFinite: !access.inSegments && isOver,
      timedOut: this.#timedOut,
      hasNewTrack,
    };
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
