import type { LeftOut } from '../../../functions/core/settings/selectTracks.ts';
import type { EndCode, Reason } from '../../../functions/core/state/objects.ts';
import type { StreamFeed } from '../demuxer.ts';

/** Sound in an input of its own. */
export interface SoundInput {
  readonly url: string;
  /** ffmpeg's options in front of it. */
  readonly options: readonly string[];
  /** As the playlist has it: ffmpeg may not know. */
  readonly language: string | undefined;
}

/** How one run of ffmpeg gets at its source, and whether it may go on. */
export class SourceAccess {
  /** What ffmpeg is given: with an address that was judged, where ffmpeg would ask DNS itself. */
  readonly url: string;
  /** ffmpeg's options in front of it. */
  readonly options: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The recorder fetches the source itself, and hands it over. */
  readonly isFed: boolean;
  /** It comes in segments, whose own times are known. */
  readonly inSegments: boolean;
  /** Gives it to who reads it in this process, in ffmpeg's place, for which there is no URL then; undefined: to ffmpeg alone. */
  readonly feed: StreamFeed | undefined;
  /** More inputs: sound that comes by itself. */
  readonly others: readonly SoundInput[];
  /**
   * Some of it has come, and ffmpeg may not have got one yet: a picture of MPEG-TS ends where the next one begins, and sound
   * comes behind pictures whose codec may say that they are far longer than they are.
   */
  readonly hasCome: (kind: 'video' | 'audio') => boolean;
  /** Ends the input with what has come by now; undefined where only ffmpeg itself can. */
  readonly finish: (() => void) | undefined;
  /** The first input has sound, too, or is all there is. */
  readonly hasSoundInside: boolean;
  #leftOut: readonly LeftOut[];
  readonly #refused = new AbortController();
  readonly #failures: string[] = [];
  #reason: Reason | undefined;

  constructor(
    access: Pick<SourceAccess, 'url' | 'options' | 'environment'> &
      Partial<
        Pick<
          SourceAccess,
          'isFed' | 'feed' | 'inSegments' | 'others' | 'hasSoundInside' | 'hasCome' | 'finish' | 'leftOut'
        >
      >,
  ) {
    this.isFed = access.isFed ?? false;
    this.feed = access.feed;
    this.inSegments = access.inSegments ?? false;
    this.others = access.others ?? [];
    this.hasSoundInside = access.hasSoundInside ?? true;
    this.hasCome = access.hasCome ?? (() => false);
    this.finish = access.finish;
    this.#leftOut = access.leftOut ?? [];
    this.url = access.url;
    this.options = access.options;
    this.environment = access.environment;
  }

  /** Streams of the source that ffmpeg is not given. */
  get leftOut(): readonly LeftOut[] {
    return this.#leftOut;
  }

  /** Of the inputs so many have sound. */
  get sounds(): number {
    return this.others.length + (this.hasSoundInside ? 1 : 0);
  }

  /** Aborts when the source leads to where it may not: nothing more of this run is to be recorded. */
  get refused(): AbortSignal {
    return this.#refused.signal;
  }

  /** Why, once it is refused. */
  get reason(): Reason | undefined {
    return this.#reason;
  }

  /** Why the proxy could not reach the source, in ffmpeg's words for it. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  refuse(what: string): void {
    this.#reason ??= forbidden(what);
    this.#refused.abort();
  }

  /** @param streams all that are known by now */
  leaveOut(streams: readonly LeftOut[]): void {
    this.#leftOut = streams;
  }

  fail(complaint: string): void {
    this.#failures.push(complaint);
  }

  /** What had failed is right again. */
  recover(complaint: string): void {
    const place = this.#failures.indexOf(complaint);
    if (place >= 0) this.#failures.splice(place, 1);
  }
}

const CODE: EndCode = 'source_forbidden';

/** @param what the source is or does, after "The source" */
export function forbidden(what: string): Reason {
  return { code: CODE, message: `The source ${what}.` };
}
