import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@aws-lambda-powertools/logger';
import { ForbiddenSourceError } from '../../../functions/aws/dnsResolution.ts';
import { UnsupportedStreamError } from '../../../functions/core/hls/playlist.ts';
import type { SegmentFacts } from '../../../functions/core/hls/seam.ts';
import type { Clock } from '../../../functions/core/protocol/ports.ts';
import { HttpFault, type JudgedHttp } from '../reach/judgedHttp.ts';
import type { FeedEnd } from './feedEnd.ts';
import { Follower, type FollowerOptions } from './follower.ts';
import { Handover } from './handover.ts';
import { KeyRing } from './keyRing.ts';
import { SegmentOpener } from './openedSegment.ts';
import { Opening } from './opening.ts';
import type { PlaylistAddress } from './playlistLoader.ts';
import { Rendition } from './rendition.ts';
import { RunCut } from './runCut.ts';
import { type FedInput, givenMs, type HlsRun, inputFor, shiftOf, takenOff } from './runInput.ts';
import { type Selected, Selection, type Wanted } from './selection.ts';
import { Sink } from './sink.ts';
import { type Begun, Sounds } from './sounds.ts';
import { complaintOfHls, isSourceFault } from './sourceFault.ts';
import { waiting } from './wait.ts';

export interface HlsOptions {
  readonly url: string;
  readonly http: JudgedHttp;
  readonly wanted: Wanted;
  readonly idleTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
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
/** Time goes by until its playlist is loaded: what is before the pictures is left out. */
const SOUND_FURTHER_SEGMENTS = 6;
/** Until what cannot be had at first is asked for again. */
const AGAIN_MS = 500;
const SAME = { kind: 'sameTimeline' } as const;
const AGAIN = { kind: 'again' } as const;

/** Playlists that are followed together. */
interface Followed {
  readonly selected: Selected;
  readonly follower: Follower;
  readonly main: Rendition;
  readonly sounds: Sounds;
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
  /** The source's own playlist has been had. */
  #isKnown: boolean = false;
  /** Until the first run. */
  #opening: Opening | undefined = new Opening();

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
    return waiting(signal, this.#life.signal, (until) => this.#open(until));
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
    await followed.sounds.stopLooking();
    const isCut = end === undefined || [end, ...others].some(({ kind }) => kind === 'closed');
    if (!isWhole || isCut) {
      for (const one of [followed.main, ...followed.sounds.renditions])
        await one.goBack(recorded ? REPEATED_SEGMENTS : one.takenInRun, recorded);
      this.#seam = recorded ? AGAIN : run.seam;
      followed.sounds.forget();
      return 'lost';
    }
    // Sound may have another init section, say, behind where the pictures have come to their end.
    const isSeam = end.kind === 'ended' && others.some(({ kind }) => kind === 'seam');
    if (end.kind === 'seam' || isSeam) return 'goesOn';
    if (recorded && followed.main.comesAgain) {
      for (const rendition of followed.sounds.renditions)
        await rendition.goBack(SOUND_REPEATED_SEGMENTS, true);
      this.#seam = AGAIN;
    }
    if (end.kind === 'failed') return this.#failed(followed, end.error);
    return end.kind === 'ended' ? 'over' : 'lost';
  }

  async close(): Promise<void> {
    this.#life.abort();
    await Promise.all(this.#feeding);
    await this.#leave();
    await this.#handover?.close();
  }

  async #open(signal: AbortSignal): Promise<HlsRun | undefined> {
    for (;;) {
      try {
        this.#followed ??= await this.#begin(signal);
        const followed = this.#followed;
        const ahead = await followed.main.peek(signal);
        const sounds = await followed.sounds.open(followed.main, ahead, signal);
        if (ahead !== undefined)
          return await this.#runFor(
            followed,
            { rendition: followed.main, ahead, language: undefined },
            sounds,
          );
        const [first, ...rest] = sounds;
        if (first !== undefined) return await this.#runFor(followed, first, rest);
        if (this.#opening?.fault !== undefined) throw this.#opening.fault;
        return undefined;
      } catch (error) {
        if (signal.aborted) throw this.#opening?.fault ?? signal.reason;
        if (!(await this.#mayTryAnother(error))) await this.#tryAgain(error, signal);
      }
    }
  }

  /** @throws the error, where that is of no use */
  async #tryAgain(error: unknown, signal: AbortSignal): Promise<void> {
    const step = this.#isKnown ? this.#opening?.step(error, performance.now()) : undefined;
    if (step === undefined || step === 'giveUp') throw error;
    if (step === 'again') await this.#leave();
    else if (!(await this.#giveUp())) this.#followed?.follower.skip();
    await delay(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }

  async #begin(signal: AbortSignal): Promise<Followed> {
    const selected = await this.#selection.choose(signal);
    const { facts, sequence } = this.#before ?? {};
    const again = (until: AbortSignal) => this.#selection.again(selected, until);
    const main = this.#renditionOf(selected, { after: sequence, renew: again }, facts);
    const sounds = selected.sounds.map(({ url, language }, i) => {
      const renew = async (until: AbortSignal) => (await again(until))?.sounds[i];
      const from = { after: sequence, further: SOUND_FURTHER_SEGMENTS, renew };
      return { ...this.#renditionOf({ ...selected, url }, from, undefined), language };
    });
    if (!this.#isKnown) this.#options.log.info('the source is HLS', { soundsOfTheirOwn: sounds.length });
    this.#isKnown = true;
    return { selected, ...main, main: main.rendition, sounds: new Sounds(sounds, this.#options.log) };
  }

  /** What comes is begun from its playlist on. */
  async #leave(): Promise<void> {
    await this.#followed?.main.close();
    await this.#followed?.sounds.close();
    this.#followed = undefined;
  }

  #renditionOf(
    address: PlaylistAddress,
    from: Pick<FollowerOptions, 'after' | 'further' | 'renew'>,
    before: SegmentFacts | undefined,
  ): { readonly follower: Follower; readonly rendition: Rendition } {
    const { http, idleTimeoutMs, clock, log } = this.#options;
    const options = { http, keys: this.#keys, idleTimeoutMs, log };
    const opener = new SegmentOpener(options);
    const follower = new Follower(address, {
      ...{ http, idleTimeoutMs, clock },
      ...from,
      fingerprint: (segment, base, signal) => opener.fingerprint(segment, base, signal),
    });
    return { follower, rendition: new Rendition(follower, options, before) };
  }

  async #runFor(followed: Followed, first: Begun, sounds: readonly Begun[]): Promise<HlsRun> {
    this.#handover ??= await Handover.start();
    const handover = this.#handover;
    const cut = new RunCut();
    cut.look = (signal) => followed.sounds.lookNow(signal);
    cut.isAway = () => first.rendition.isAway;
    // One that cannot be had is asked for again as often as is of use.
    cut.hurry = (sound) => {
      const { rendition } = sounds.find((one) => one.rendition === sound) ?? first;
      if (!rendition.isAway) void rendition.hurry();
    };
    for (const { rendition } of sounds) cut.expect(rendition);
    for (const { rendition } of [first, ...sounds]) rendition.keepUp(this.#life.signal);
    this.#feeding = [];
    for (const rendition of [followed.main, ...followed.sounds.renditions])
      rendition.beginRun(first.ahead.facts.startMs);
    const offer = ({ rendition, ahead }: Begun, place: number): string =>
      handover.offer(async (reader) => {
        const feeding = this.#feed(rendition, place, new Sink(reader, shiftOf(ahead.facts)), cut);
        this.#feeding[place] = feeding;
        const { kind } = await feeding;
        // Sound does not go on without the picture. Where that has come to an end, sound comes to its own.
        if (place === 0 && (kind === 'failed' || kind === 'closed')) cut.end();
        if (place > 0 && kind === 'failed') followed.sounds.lose(rendition, last, onSound);
      });
    const last = (): SegmentFacts | undefined =>
      first.rendition.takenInRun > 0 ? first.rendition.before : first.ahead.facts;
    // What begins with it has a run of its own.
    const onSound = (sound: SegmentFacts): void => cut.beginWith(sound, last());
    const { facts, next, seam: own } = first.ahead;
    const takenOffMs = takenOff(facts);
    const { hasSoundInside, leftOut } = followed.selected;
    const fed = (begun: Begun, place: number): FedInput => ({
      url: offer(begun, place),
      facts: begun.ahead.facts,
      language: begun.language,
    });
    const access = inputFor(
      fed(first, 0),
      sounds.map((sound, i) => fed(sound, i + 1)),
      {
        hasSoundInside: hasSoundInside || first.rendition !== followed.main,
        leftOut: [...leftOut, ...followed.sounds.leftOut],
      },
      takenOffMs,
      () => cut.end(),
    );
    followed.sounds.look(last, onSound);
    // Where nothing that was given can be had again, what comes may have other times.
    const given = next.isRestart && !next.isAgain ? undefined : this.#seam;
    const seam = given ?? (own.kind === 'none' ? SAME : own);
    this.#seam = undefined;
    this.#opening = undefined;
    const beginsMs = seam.kind === 'sameTimeline' ? givenMs(facts, takenOffMs) : undefined;
    this.#run = { access, seam, takenOffMs, beginsMs };
    return this.#run;
  }

  async #feed(rendition: Rendition, place: number, sink: Sink, cut: RunCut): Promise<FeedEnd> {
    const end = await rendition.feed(sink, cut, place === 0, this.#life.signal);
    if (end.kind !== 'failed' || !isSourceFault(end.error)) return end;
    if (end.error instanceof ForbiddenSourceError) this.#run?.access.refuse(end.error.message);
    else this.#run?.access.fail(complaintOfHls(end.error));
    return end;
  }

  /** @throws what is no fault of the source's */
  async #failed({ sounds }: Followed, error: unknown): Promise<AfterRun> {
    if (!isSourceFault(error)) throw error;
    this.#options.log.warn('the source cannot be followed', { cause: error.message });
    if (error instanceof UnsupportedStreamError) return 'over';
    sounds.forget();
    return (await this.#mayTryAnother(error)) ? 'goesOn' : 'lost';
  }

  /** Another variant is there in the place of one that has gone, or whose server fails while the other's answers. */
  async #mayTryAnother(error: unknown): Promise<boolean> {
    if (!(error instanceof HttpFault) || (!error.isDenial && this.#opening !== undefined)) return false;
    const isGone = error.isDenial || (await this.#selection.hasAnother(this.#life.signal));
    return isGone && (await this.#giveUp());
  }

  /** The present variant is given up. @returns whether there is another one */
  async #giveUp(): Promise<boolean> {
    const followed = this.#followed;
    if (followed === undefined || !this.#selection.giveUp(followed.selected)) return false;
    this.#before = {
      facts: followed.main.before ?? this.#before?.facts,
      sequence: followed.follower.lastSequence ?? this.#before?.sequence,
    };
    await this.#leave();
    return true;
  }
}
