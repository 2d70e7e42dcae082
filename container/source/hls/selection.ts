import type { MultivariantPlaylist, Variables, Variant } from '../../../functions/core/hls/playlist.ts';
import { rankVariants, soundsOf, type VariantRule } from '../../../functions/core/hls/variants.ts';
import type { LeftOut } from '../../../functions/core/settings/selectTracks.ts';
import { containerLanguage, type TrackSettings } from '../../../functions/core/settings/tracks.ts';
import type { JudgedHttp } from '../reach/judgedHttp.ts';
import { type LoadedPlaylist, loadPlaylist } from './playlistLoader.ts';
import { isSourceFault } from './sourceFault.ts';

/** What is followed of a source. */
export interface Selected {
  /** Of the media playlist that has the picture, or all there is. */
  readonly url: string;
  /** By which it is known again where its address is another one; empty: it is the source's own playlist. */
  readonly rendering: string;
  /** Sound is in the first one. */
  readonly hasSoundInside: boolean;
  /** Of those that have sound of their own. */
  readonly sounds: readonly SelectedSound[];
  /** What the source has besides. */
  readonly leftOut: readonly LeftOut[];
  /** Of the playlist that led to these; undefined: none did. */
  readonly variables: Variables | undefined;
}

export interface SelectedSound {
  readonly url: string;
  /** Of three letters. */
  readonly language: string | undefined;
}

export interface Wanted {
  readonly variant: VariantRule;
  readonly tracks: TrackSettings;
}

/** The source is one media playlist. */
const OWN = { rendering: '', hasSoundInside: true, sounds: [], leftOut: [], variables: undefined } as const;

/** Chooses among a source's variants, and another one when one has gone. */
export class Selection {
  readonly #http: JudgedHttp;
  readonly #url: string;
  readonly #wanted: Wanted;
  #playlist:
    | { readonly base: string; readonly variants: MultivariantPlaylist; readonly chosen: string }
    | undefined;
  readonly #gone = new Set<string>();

  constructor(http: JudgedHttp, url: string, wanted: Wanted) {
    this.#http = http;
    this.#url = url;
    this.#wanted = wanted;
  }

  /**
   * Loads the source's playlist, and chooses of what it has now.
   * @throws HttpFault, PlaylistError, ForbiddenSourceError
   */
  async choose(signal: AbortSignal): Promise<Selected> {
    const loaded: LoadedPlaylist = await loadPlaylist(this.#http, { url: this.#url }, signal);
    if (loaded.playlist.kind === 'media') {
      this.#playlist = undefined;
      return { ...OWN, url: loaded.url };
    }
    const ranked = rankVariants(loaded.playlist, this.#wanted.variant);
    // When all have gone, they may have come back.
    if (ranked.every(({ uri }) => this.#gone.has(uri))) this.#gone.clear();
    const variant = ranked.find(({ uri }) => !this.#gone.has(uri)) as Variant;
    this.#playlist = { base: loaded.url, variants: loaded.playlist, chosen: variant.uri };
    const { isInside, renditions, leftOut } = soundsOf(loaded.playlist, variant, this.#wanted.tracks.audio);
    return {
      url: resolve(variant.uri, loaded.url),
      rendering: JSON.stringify([renderingOf(variant), renditions.map(({ name }) => name)]),
      hasSoundInside: isInside,
      sounds: renditions.map(({ uri, language }) => ({
        url: resolve(uri, loaded.url),
        language: containerLanguage(language),
      })),
      leftOut: [...leftOut, ...besides(loaded.playlist)],
      variables: loaded.playlist.variables,
    };
  }

  /**
   * The same as before, at the addresses that the source gives now.
   * @returns undefined: it cannot be had, or the source has something else now
   */
  async again({ rendering }: Selected, signal: AbortSignal): Promise<Selected | undefined> {
    try {
      const selected = await this.choose(signal);
      return selected.rendering === rendering ? selected : undefined;
    } catch (error) {
      if (isSourceFault(error)) return undefined;
      throw error;
    }
  }

  /** Whether another variant than the one that was chosen last can be had now. */
  async hasAnother(signal: AbortSignal): Promise<boolean> {
    if (this.#playlist === undefined) return false;
    const { base, variants, chosen } = this.#playlist;
    const ranked = rankVariants(variants, this.#wanted.variant);
    const other = ranked.find(({ uri }) => uri !== chosen && !this.#gone.has(uri));
    if (other === undefined) return false;
    try {
      const address = { url: resolve(other.uri, base), variables: variants.variables };
      return (await loadPlaylist(this.#http, address, signal)).playlist.kind === 'media';
    } catch (error) {
      if (isSourceFault(error)) return false;
      throw error;
    }
  }

  /** A variant does not answer. @returns whether there is another one to try */
  giveUp({ url }: Selected): boolean {
    if (this.#playlist === undefined) return false;
    const { base, variants } = this.#playlist;
    for (const { uri } of variants.variants) if (resolve(uri, base) === url) this.#gone.add(uri);
    return variants.variants.some(({ uri }) => !this.#gone.has(uri));
  }
}

/** All that is said of a variant, but for what may differ from one answer to the next. */
const renderingOf = ({ width, height, framesPerSecond, codecs, audioGroup }: Variant): unknown => [
  ...[width, height, framesPerSecond, codecs, audioGroup],
];

/** Variants that are not recorded, and subtitles, which no container takes. */
function besides({ variants, subtitles }: MultivariantPlaylist): LeftOut[] {
  const others = new Set(variants.map(({ uri }) => uri)).size - 1;
  const of = (kind: LeftOut['kind'], reason: LeftOut['reason'], count: number): LeftOut[] =>
    count <= 0 ? [] : [{ kind, codec: 'none', reason, count }];
  return [...of('video', 'other_program', others), ...of('subtitle', 'container', subtitles)];
}

/** What cannot be resolved stays as it is: it is refused where it is asked for. */
function resolve(uri: string, base: string): string {
  return URL.parse(uri, base)?.href ?? uri;
}
