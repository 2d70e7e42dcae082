import {
  ForbiddenSourceError,
  UNRESOLVABLE,
  UnresolvableSourceError,
} from '../../functions/aws/dnsResolution.ts';
import { NotPlaylistError, PlaylistError } from '../../functions/core/hls/playlist.ts';
import type { SentClocks } from '../../functions/core/media/timeline/sentClocks.ts';
import { SpareMemory } from '../../functions/core/rtmp/spareMemory.ts';
import type { FoundSource } from '../../functions/core/settings/selectTracks.ts';
import { streamsOfSdp } from '../../functions/core/source/sdp.ts';
import type { Reason } from '../../functions/core/state/objects.ts';
import type { AttemptContext } from '../attempt/context.ts';
import type { TimelineSeam } from '../record/inputTimeline.ts';
import { Handover } from './hls/handover.ts';
import { type AfterRun, HlsSource } from './hls/hlsSource.ts';
import { loadPlaylist } from './hls/playlistLoader.ts';
import { complaintOfHls, LostStreamError } from './hls/sourceFault.ts';
import { type LiveSource, SourceLostError } from './live/liveSource.ts';
import { type Opened, openLive, openReceiving } from './live/openLive.ts';
import { openReceived } from './live/openReceived.ts';
import type { KeyframeWait } from './live/receiving.ts';
import { receiveRtmp } from './live/rtmpSource.ts';
import { HttpFault } from './reach/judgedHttp.ts';
import { forbidden, type SourceAccess } from './reach/sourceAccess.ts';
import { SourceReach } from './reach/sourceReach.ts';
import { openingFailure } from './sourceErrors.ts';
import type { SourceEnd } from './sourceRun.ts';

/** What one run of ffmpeg is given. */
export interface PreparedRun {
  readonly access: SourceAccess;
  /** How it joins the run before, where the source's own time is known; undefined: the clock tells. */
  readonly seam: TimelineSeam | undefined;
  /** What its times are less by than the source's own; 0 where nobody says. */
  readonly takenOffMs?: number | undefined;
  /** What it begins with, by its own time less that, where it goes on with what was before; undefined: nobody knows. */
  readonly beginsMs?: number | undefined;
  /** When its first sample had come, once it has, in epoch milliseconds; undefined: nobody knows until ffmpeg gives it. */
  readonly receivedAtMs?: (() => number | undefined) | undefined;
  /** For how long no sample had come at most, since then, whatever ffmpeg took to give it; undefined: nobody knows. */
  readonly pausedMs?: ((sinceMs: number) => number) | undefined;
  /** Its tracks' clocks, as it was received; undefined: nobody knows until ffmpeg gives it. */
  readonly clocks?: SentClocks | undefined;
  /** What the source says that it has, before ffmpeg has looked at it. */
  readonly announced?: FoundSource | undefined;
  /** Whether pictures come of which none can be decoded yet, so that ffmpeg gets none. */
  readonly keyframeWait?: (() => KeyframeWait | undefined) | undefined;
}

/** How ffmpeg gets at a source: by itself, or handed over by the recorder's own HLS client. */
export class SourceInput {
  readonly #context: AttemptContext;
  readonly #ffmpegPath: string;
  readonly #reach: SourceReach;
  /** `maybe`: nobody has looked yet. The name decides who looks first, and the content what it is. */
  #isPlaylist: 'maybe' | 'yes' | 'no';
  /** Over HTTP, RTMP or SRT: not what only ffmpeg can tell. */
  #mayBeLive: boolean;
  /** None of its pictures says when it was taken. */
  #isUntimed: boolean = false;
  /** It was received here before: what is too short to tell is the same source. */
  #wasLive: boolean = false;
  #hls: HlsSource | undefined;
  /** The present connection to a source that is fetched here. */
  #live: LiveSource | undefined;
  #handover: Handover | undefined;
  /** What it has. */
  #hasAsked: boolean = false;
  /** In a row. */
  #emptyRuns = 0;

  constructor(context: AttemptContext, ffmpegPath: string) {
    const { url } = context.job.source;
    this.#context = context;
    this.#ffmpegPath = ffmpegPath;
    this.#reach = new SourceReach(context.job.settings, context.lookup);
    this.#isPlaylist = /^https?:/i.test(url) ? 'maybe' : 'no';
    this.#mayBeLive = this.#isPlaylist === 'maybe' || /^(?:rtmps?|srt):/i.test(url);
  }

  /**
   * @param waitMs for what comes in segments
   * @returns what ffmpeg is to be given; or how the source ended without it
   */
  async prepare(waitMs: number, signal: AbortSignal): Promise<PreparedRun | SourceEnd> {
    const { url } = this.#context.job.source;
    const looksLikePlaylist = this.#isPlaylist === 'maybe' && /\.m3u8?($|[?#;&/])/i.test(url);
    if (this.#isPlaylist === 'yes' || looksLikePlaylist) {
      const run = await this.#prepareHls(url, waitMs, signal);
      if (run !== undefined) return run;
    }
    if (this.#mayBeLive) {
      const run = await this.#prepareLive(url, waitMs, signal);
      if (run !== undefined) return run;
    }
    try {
      const announced = await this.#announced(url);
      const access = await this.#reach.prepare(url, this.#isUntimed);
      return { access, seam: undefined, announced };
    } catch (error) {
      return endOf(error);
    }
  }

  /**
   * ffmpeg's run is over.
   * @param recorded something of it was recorded
   */
  async endRun(end: SourceEnd, recorded: boolean): Promise<AfterRun> {
    if (this.#isPlaylist === 'yes' && this.#hls !== undefined) {
      const isWhole = end.kind === 'ended' && end.exitCode === 0 && !end.timedOut && !end.hasNewTrack;
      const after = await this.#hls.endRun(recorded, isWhole);
      this.#emptyRuns = recorded ? 0 : this.#emptyRuns + 1;
      return after === 'goesOn' && this.#emptyRuns > EMPTY_RUNS_MAX ? 'lost' : after;
    }
    if (this.#live !== undefined) {
      const again = end.kind === 'replan' ? (end.reader ?? 'asBefore') : undefined;
      if (await this.#live.endRun(recorded, again)) return 'goesOn';
      await this.#live.close();
      this.#live = undefined;
      return 'lost';
    }
    if (recorded) this.#reach.joinAgain();
    else if (end.kind === 'ended' && !end.timedOut && this.#reach.mayOpen()) return 'goesOn';
    // A stream that its server did not know yet is described once it is there.
    if (!recorded && end.kind === 'ended') this.#hasAsked &&= this.#reach.hasDescribed;
    const isUnknown = this.#isPlaylist === 'maybe' && !recorded && end.kind === 'ended' && !end.timedOut;
    if (!isUnknown || openingFailure(end, false).code !== 'source_not_media') return 'lost';
    this.#isPlaylist = (await this.#sendsPlaylist()) ? 'yes' : 'no';
    return this.#isPlaylist === 'yes' ? 'goesOn' : 'lost';
  }

  /** ffmpeg's run has begun to give what is recorded. */
  settle(): void {
    this.#live?.settle();
  }

  async close(): Promise<void> {
    await this.#hls?.close();
    await this.#live?.close();
    await this.#handover?.close();
    await this.#reach.close();
  }

  /** @returns undefined: it is no playlist, whatever its name says */
  async #prepareHls(
    url: string,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<PreparedRun | SourceEnd | undefined> {
    const { job, clock, log } = this.#context;
    const { idleTimeoutMs } = job.settings;
    const timeout = AbortSignal.timeout(waitMs);
    try {
      this.#reach.check(url);
      const http = this.#reach.http(idleTimeoutMs);
      this.#hls ??= new HlsSource({ url, http, wanted: job.settings, idleTimeoutMs, clock, log });
      const run = await this.#hls.open(AbortSignal.any([timeout, signal]));
      this.#isPlaylist = 'yes';
      return run ?? { ...ENDED, exitCode: 0, isFinite: true };
    } catch (error) {
      if (error instanceof NotPlaylistError && this.#isPlaylist === 'maybe') {
        this.#isPlaylist = 'no';
        return undefined;
      }
      if (signal.aborted) return ENDED;
      // What cannot be had may be the last that is known.
      const isSaid = !timeout.aborted || error instanceof HttpFault;
      return isSaid ? endOf(error) : { ...ENDED, timedOut: true };
    }
  }

  /** @returns undefined: ffmpeg is to connect by itself */
  async #prepareLive(
    url: string,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<PreparedRun | SourceEnd | undefined> {
    const timeout = AbortSignal.timeout(waitMs);
    try {
      if (this.#live === undefined) {
        const live = await this.#open(url, AbortSignal.any([timeout, signal]));
        if (live === 'playlist') {
          this.#isPlaylist = 'yes';
          return this.#prepareHls(url, waitMs, signal);
        }
        if (live === 'nothing') {
          // A server that closes what it has just accepted is no other source for that: it is tried again.
          return this.#wasLive ? ENDED : undefined;
        }
        if (live === 'other' || live === 'pictures') {
          this.#mayBeLive = false;
          this.#isUntimed = live === 'pictures';
          return undefined;
        }
        this.#isPlaylist = 'no';
        this.#wasLive = true;
        this.#live = live;
      }
      const live = this.#live;
      if (live.needsFfmpeg) this.#handover ??= await Handover.start();
      const { access, goesOn } = live.begin(live.needsFfmpeg ? this.#handover : undefined);
      return {
        access,
        seam: goesOn ? SAME_CONNECTION : undefined,
        receivedAtMs: () => live.firstAtMs,
        pausedMs: (sinceMs) => live.pauses.longestMs(sinceMs),
        clocks: live.clocks,
        keyframeWait: () => live.keyframeWait,
      };
    } catch (error) {
      if (signal.aborted) return ENDED;
      if (error instanceof HttpFault && error.isUnreadable) {
        this.#mayBeLive = false;
        return undefined;
      }
      return timeout.aborted ? { ...ENDED, timedOut: true } : endOf(error);
    }
  }

  async #open(url: string, signal: AbortSignal): Promise<Opened> {
    const { job, clock, log } = this.#context;
    if (/^https?:/i.test(url)) {
      this.#reach.check(url);
      return openLive(this.#reach.http(job.settings.idleTimeoutMs), url, clock, signal);
    }
    const { idleTimeoutMs } = job.settings;
    if (/^rtmps?:/i.test(url)) {
      const spare = new SpareMemory();
      const judge = (at: string) => this.#reach.judge(at);
      const options = { ...(await judge(url)), judge, idleTimeoutMs, log, spare };
      const receive = (gone: AbortSignal, ending: AbortSignal) => receiveRtmp(options, gone, ending);
      return openReceiving(receive, clock, signal, (chunk) => spare.giveBack(chunk));
    }
    const access = await this.#reach.prepare(url);
    return openReceived(
      { ffmpegPath: this.#ffmpegPath, url, access, timeoutMs: idleTimeoutMs, clock, log },
      signal,
    );
  }

  /** Once it is there: later runs know more, but for where the source is. */
  async #announced(url: string): Promise<FoundSource | undefined> {
    const isAsked = this.#hasAsked;
    if (isAsked && !this.#reach.redirects) return undefined;
    this.#hasAsked = true;
    const { videoCodec, audioCodec } = this.#context.job.stream;
    const streams = streamsOfSdp((await this.#reach.describe(url)) ?? '');
    const isPlanned = isAsked || (videoCodec !== undefined && audioCodec !== undefined);
    return streams === undefined || isPlanned ? undefined : { streams, programs: [] };
  }

  async #sendsPlaylist(): Promise<boolean> {
    const { job, log } = this.#context;
    const { idleTimeoutMs } = job.settings;
    try {
      await loadPlaylist(this.#reach.http(idleTimeoutMs), job.source, AbortSignal.timeout(idleTimeoutMs));
      return true;
    } catch (error) {
      log.info('the source is no playlist, either', { cause: (error as Error).message });
      return false;
    }
  }
}

/** So many runs in a row of which nothing could be recorded are no stream. */
const EMPTY_RUNS_MAX = 10;

const SAME_CONNECTION = { kind: 'sameConnection' } as const;

/** ffmpeg has not run. */
const ENDED: SourceEnd & { kind: 'ended' } = {
  kind: 'ended',
  exitCode: 1,
  complaints: [],
  complaint: undefined,
  isFinite: false,
  timedOut: false,
  hasNewTrack: false,
};

function said(error: Error): Pick<typeof ENDED, 'complaints' | 'complaint'> {
  const complaint = complaintOfHls(error);
  return { complaints: [complaint], complaint };
}

/** @throws what is no fault of the source's */
function endOf(error: unknown): SourceEnd {
  if (error instanceof ForbiddenSourceError) return { kind: 'refused', reason: forbidden(error.message) };
  if (error instanceof UnresolvableSourceError) return { ...ENDED, complaints: [UNRESOLVABLE] };
  if (error instanceof LostStreamError) return { ...ENDED, timedOut: true };
  if (error instanceof HttpFault) return { ...ENDED, ...said(error) };
  if (error instanceof SourceLostError) {
    const { complaints, complaint, timedOut } = error;
    return { ...ENDED, complaints, complaint, timedOut };
  }
  if (!(error instanceof PlaylistError)) throw error;
  const reason: Reason = { code: 'source_not_media', message: complaintOfHls(error) };
  return { ...ENDED, ...said(error), reason };
}
