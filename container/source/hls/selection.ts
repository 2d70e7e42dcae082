import type { MultivariantPlaylist, Variant } from '../../../functions/core/hls/playlist.ts';
import { rankVariants, soundOf, type VariantRule } from '../../../functions/core/hls/variants.ts';
import type { JudgedHttp } from '../reach/judgedHttp.ts';
import { type LoadedPlaylist, loadPlaylist } from './playlistLoader.ts';

/** What is followed of a source. */
export interface Selected {
  /** Of the media playlist that has the picture, or all there is. */
  readonly url: string;
  /** Of the one that has its sound; undefined: that is in the first one. */
  readonly soundUrl: string | undefined;
}

/** Chooses among a source's variants, and another one when one has gone. */
export class Selection {
  readonly #http: JudgedHttp;
  readonly #url: string;
  readonly #rule: VariantRule;
  #playlist: { readonly base: string; readonly variants: MultivariantPlaylist } | undefined;
  readonly #gone = new Set<string>();

  constructor(http: JudgedHttp, url: string, rule: VariantRule) {
    this.#http = http;
    this.#url = url;
    this.#rule = rule;
  }

  /**
   * Loads the source's playlist, and chooses of what it has now.
   * @throws HttpFault, PlaylistError, ForbiddenSourceError
   */
  async choose(signal: AbortSignal): Promise<Selected> {
    const loaded: LoadedPlaylist = await loadPlaylist(this.#http, this.#url, signal);
    if (loaded.playlist.kind === 'media') {
      this.#playlist = undefined;
      return { url: loaded.url, soundUrl: undefined };
    }
    this.#playlist = { base: loaded.url, variants: loaded.playlist };
    const ranked = rankVariants(loaded.playlist, this.#rule);
    // When all have gone, they may have come back.
    if (ranked.every(({ uri }) => this.#gone.has(uri))) this.#gone.clear();
    const variant = ranked.find(({ uri }) => !this.#gone.has(uri)) as Variant;
    const sound = soundOf(loaded.playlist, variant);
    return {
      url: resolve(variant.uri, loaded.url),
      soundUrl: sound === undefined ? undefined : resolve(sound.uri, loaded.url),
    };
  }

  /** A variant does not answer. @returns whether there is another one to try */
  giveUp({ url }: Selected): boolean {
    if (this.#playlist === undefined) return false;
    const { base, variants } = this.#playlist;
    for (const { uri } of variants.variants) if (resolve(uri, base) === url) this.#gone.add(uri);
    return variants.variants.some(({ uri }) => !this.#gone.has(uri));
  }
}

/** What cannot be resolved stays as it is: it is refused where it is asked for. */
function resolve(uri: string, base: string): string {
  return URL.parse(uri, base)?.href ?? uri;
}
