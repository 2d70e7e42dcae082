import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@aws-lambda-powertools/logger';
import { ForbiddenSourceError } from '../../../functions/aws/dnsResolution.ts';
import { PlaylistError, UnsupportedStreamError } from '../../../functions/core/hls/playlist.ts';
import type { Seam, SegmentFacts } from '../../../functions/core/hls/seam.ts';
import type { Clock } from '../../../functions/core/protocol/ports.ts';
import { HttpFault, type JudgedHttp } from '../reach/judgedHttp.ts';
import type { SourceAccess } from '../reach/sourceAccess.ts';
import { Follower, LostStreamError } from './follower.ts';
import { Handover } from './handover.ts';
import { KeyRing } from './keyRing.ts';
import { SegmentOpener } from './openedSegment.ts';
import { type Ahead, type FeedEnd, Rendition } from './rendition.ts';
import { RunCut } from './runCut.ts';
import { type FedInput, inputFor, takenOff } from './runInput.ts';
import { type Selected, Selection, type Wanted } from './selection.ts';
import { Sink } from './sink.ts';
import { Wait } from './wait.ts';

export interface HlsOptions {
  readonly url: string;
  readonly http: JudgedHttp;
  readonly wanted: Wanted;
  readonly idleTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One continuous stream for one run of ffmpeg. */
export interface HlsRun {
  readonly access: SourceAccess;
  /** What its times are less by than the source's own. */
  readonly takenOffMs: number;
  /** How it joins the run before. */
  readonly seam: Exclude<Seam, { kind: 'none' }> | { readonly kind: 'again' };
}

/** What comes after a run. */
export type AfterRun =
  /** The next run, at once. */
  | 'goesOn'
  /** The playlist has ended, and all of it was given. */
  | 'over'
  /** Nothing more can be had for now. */
  | 'lost';

/** ffmpeg may have held as much when it went, and what was recorded already is left out. */
const REPEATED_SEGMENTS = 10;
/** Of sound that belongs to one segment of the picture, its own being longer or shorter. */
const SOUND_REPEATED_SEGMENTS = 2;
/** Sound that has not come so long after the picture may never come. */
const SOUND_WAIT_MS = 3_000;
const SAME = { kind: 'sameTimeline' } as const;
const AGAIN = { kind: 'again' } as const;

/** Playlists that are followed together. */
interface Followed {
  readonly selected: Selected;
  readonly follower: Follower;
  readonly main: Rendition;
  readonly sounds: readonly Sound[];
}

interface Sound {
  readonly rendition: Rendition;
  readonly language: string | undefined;
}

/** A playlist's segments from here on. */
interface Begun extends Sound {
  readonly ahead: Ahead;
}

/** An HLS source: what ffmpeg is given of it, a run at a time. */
export class HlsSource {
  readonly #options: HlsOptions;
  readonly #life = new AbortController();
  readonly #selection: Selection;
  readonly #keys: KeyRing;
  #handover: Handover | undefined;
  #followed: Followed | undefined;
  /** The last segment of a variant that has gone. */
  #before: { readonly facts: SegmentFacts | undefined; readonly sequence: bigint | undefined } | undefined;
  #run: HlsRun | undefined;
  /** The present run's, once ffmpeg has asked for them; the first one has the picture. */
  #feeding: Promise<FeedEnd>[] = [];
  /** How the next run joins, where what was given is given again. */
  #seam: HlsRun['seam'] | undefined;

  constructor(options: HlsOptions) {
    this.#options = options;
    this.#selection = new Selection(options.http, options.url, options.wanted);
    this.#keys = new KeyRing(options.http);
  }

  /**
   * The next run, once its first bytes are here.
   * @param signal gives up waiting for it
   * @returns undefined when the playlist has ended
   * @throws HttpFault, PlaylistError, LostStreamError, ForbiddenSourceError; what the signal was aborted with
   */
  async open(signal: AbortSignal): Promise<HlsRun | undefined> {
    return this.#waiting(signal, (until) => this.#open(until));
  }

  /**
   * ffmpeg's run is over.
   * @param recorded something of it was recorded
   * @param isWhole ffmpeg gave all that it was given
   */
  async endRun(recorded: boolean, isWhole: boolean): Promise<AfterRun> {
    const run = this.#run;
    const followed = this.#followed;
    this.#run = undefined;
    this.#handover?.withdraw();
    if (run === undefined || followed === undefined) return 'lost';
    const [end, ...others] = await Promise.all(this.#feeding);
    const isCut = end === undefined || [end, ...others].some(({ kind }) => kind === 'closed');
    if (!isWhole || isCut) {
      for (const rendition of [followed.main, ...followed.sounds.map((sound) => sound.rendition)])
        await rendition.goBack(recorded ? REPEATED_SEGMENTS : rendition.takenInRun);
      this.#seam = recorded ? AGAIN : run.seam;
      return 'lost';
    }
    if (end.kind === 'seam') return 'goesOn';
    if (recorded && followed.main.comesAgain) {
      for (const { rendition } of followed.sounds) await rendition.goBack(SOUND_REPEATED_SEGMENTS);
      this.#seam = AGAIN;
    }
    if (end.kind === 'failed') return this.#failed(end.error);
    return end.kind === 'ended' ? 'over' : 'lost';
  }

  async close(): Promise<void> {
    this.#life.abort();
    await Promise.all(this.#feeding);
    await this.#followed?.main.close();
    for (const { rendition } of this.#followed?.sounds ?? []) await rendition.close();
    await this.#handover?.close();
  }

  async #open(signal: AbortSignal): Promise<HlsRun | undefined> {
    for (;;) {
      try {
        this.#followed ??= await this.#begin(signal);
        const followed = this.#followed;
        const ahead = await followed.main.peek(signal);
        if (ahead === undefined) return undefined;
        const sounds = await Promise.all(
          followed.sounds.map((sound) => this.#soundFor(sound, ahead, signal)),
        );
        return await this.#runFor(
          followed,
          ahead,
          sounds.filter((sound) => sound !== undefined),
        );
      } catch (error) {
        signal.throwIfAborted();
        if (!this.#mayTryAnother(error)) throw error;
        await delay(0);
      }
    }
  }

  async #begin(signal: AbortSignal): Promise<Followed> {
    const selected = await this.#selection.choose(signal);
    const { facts, sequence } = this.#before ?? {};
    const main = this.#renditionOf(selected.url, sequence, facts);
    const sounds = selected.sounds.map(({ url, language }) => ({
      rendition: this.#renditionOf(url, sequence, undefined).rendition,
      language,
    }));
    this.#options.log.info('the source is HLS', { soundsOfTheirOwn: sounds.length });
    return { selected, ...main, main: main.rendition, sounds };
  }

  #renditionOf(
    url: string,
    after: bigint | undefined,
    before: SegmentFacts | undefined,
  ): { readonly follower: Follower; readonly rendition: Rendition } {
    const { http, idleTimeoutMs, clock, log } = this.#options;
    const options = { http, keys: this.#keys, idleTimeoutMs, log };
    const opener = new SegmentOpener(options);
    const follower = new Follower(url, {
      http,
      idleTimeoutMs,
      clock,
      after,
      fingerprint: (segment, base, signal) => opener.fingerprint(segment, base, signal),
    });
    return { follower, rendition: new Rendition(follower, options, before) };
  }

  /** The sound that belongs to the picture, where it has a playlist of its own. */
  async #soundFor(sound: Sound, { facts }: Ahead, signal: AbortSignal): Promise<Begun | undefined> {
    const { rendition } = sound;
    try {
      const ahead = await this.#waiting(
        AbortSignal.any([signal, AbortSignal.timeout(SOUND_WAIT_MS)]),
        (until) =>
          facts.startMs === undefined ? rendition.peek(until) : rendition.startAt(facts.startMs, until),
      );
      return ahead === undefined ? undefined : { ...sound, ahead };
    } catch (error) {
      signal.throwIfAborted();
      const isLate = (error as Error).name === 'TimeoutError';
      if (!isLate && (!isSourceFault(error) || error instanceof ForbiddenSourceError)) throw error;
      this.#options.log.warn('the sound of the source cannot be had', { cause: (error as Error).message });
      return undefined;
    }
  }

  async #runFor(followed: Followed, main: Ahead, sounds: readonly Begun[]): Promise<HlsRun> {
    this.#handover ??= await Handover.start();
    const handover = this.#handover;
    const cut = new RunCut();
    this.#feeding = [];
    const offer = (rendition: Rendition, place: number): string => {
      rendition.beginRun();
      return handover.offer(async (response) => {
        const feeding = this.#feed(rendition, new Sink(response), cut);
        this.#feeding[place] = feeding;
        const { kind } = await feeding;
        // Sound does not go on without the picture. Where that has come to an end, sound comes to its own.
        if (place === 0 && (kind === 'failed' || kind === 'closed')) cut.end();
      });
    };
    const takenOffMs = takenOff(main.facts);
    const access = inputFor(
      { url: offer(followed.main, 0), facts: main.facts },
      sounds.map(
        ({ rendition, ahead, language }, i): FedInput => ({
          url: offer(rendition, i + 1),
          facts: ahead.facts,
          language,
        }),
      ),
      followed.selected,
      takenOffMs,
    );
    // Where nothing that was given can be had again, what comes may have other times.
    const isAfter = main.next.isRestart && !main.next.isAgain;
    const given = isAfter ? undefined : this.#seam;
    const seam = given ?? (main.seam.kind === 'none' ? SAME : main.seam);
    this.#seam = undefined;
    this.#run = { access, seam, takenOffMs };
    return this.#run;
  }

  async #feed(rendition: Rendition, sink: Sink, cut: RunCut): Promise<FeedEnd> {
    const end = await rendition.feed(sink, cut, this.#life.signal);
    if (end.kind !== 'failed' || !isSourceFault(end.error)) return end;
    if (end.error instanceof ForbiddenSourceError) this.#run?.access.refuse(end.error.message);
    else this.#run?.access.fail(complaintOfHls(end.error));
    return end;
  }

  /** @throws what is no fault of the source's */
  #failed(error: unknown): AfterRun {
    if (!isSourceFault(error)) throw error;
    this.#options.log.warn('the source cannot be followed', { cause: error.message });
    if (error instanceof UnsupportedStreamError) return 'over';
    return this.#mayTryAnother(error) ? 'goesOn' : 'lost';
  }

  /** Another variant is there in the place of one that has gone. */
  #mayTryAnother(error: unknown): boolean {
    const isGone = error instanceof HttpFault && error.isDenial;
    const followed = this.#followed;
    if (!isGone || followed === undefined || !this.#selection.giveUp(followed.selected)) return false;
    this.#before = {
      facts: followed.main.before ?? this.#before?.facts,
      sequence: followed.follower.lastSequence ?? this.#before?.sequence,
    };
    this.#followed = undefined;
    return true;
  }

  async #waiting<T>(signal: AbortSignal, run: (until: AbortSignal) => Promise<T>): Promise<T> {
    const wait = new Wait([signal]);
    try {
      return await run(AbortSignal.any([wait.signal, this.#life.signal]));
    } finally {
      wait.release();
    }
  }
}

/** A fault as a sentence; those of HTTP in ffmpeg's words, by which they are known. */
export function complaintOfHls(error: Error): string {
  return error instanceof HttpFault ? error.message : `The source ${error.message}.`;
}

const isSourceFault = (error: unknown): error is Error =>
  [HttpFault, PlaylistError, LostStreamError, ForbiddenSourceError].some((kind) => error instanceof kind);
