import type { Attributes } from './attributes.ts';
import { PlaylistError, type Variables } from './playlist.ts';

/** Where a playlist's variables come from, beside itself. */
export interface VariableSources {
  /** The playlist's own address, redirects followed: `QUERYPARAM` asks for what is in its query. */
  readonly url?: string | undefined;
  /** Of the playlist of variants that led to this one: `IMPORT` asks for them. */
  readonly imported?: Variables | undefined;
}

const REFERENCE = /\{\$([A-Za-z0-9_-]+)\}/g;
/** By so much a playlist may grow: a variable may be made of others, each of them twice as long. */
const GROWTH_MAX_CHARACTERS = 8 * 1024 * 1024;

/** Variables of one playlist, as far as it has been read (RFC 8216bis, 4.3). */
export class VariableScope {
  readonly #sources: VariableSources;
  readonly #defined = new Map<string, string>();
  #growth = 0;

  constructor(sources: VariableSources) {
    this.#sources = sources;
  }

  get variables(): Variables {
    return this.#defined;
  }

  /** Takes the attributes of an EXT-X-DEFINE. What cannot be found stays undefined. */
  define(attributes: Attributes): void {
    const name = attributes.get('NAME');
    const imported = attributes.get('IMPORT');
    const asked = attributes.get('QUERYPARAM');
    if (name !== undefined) this.#set(name, attributes.get('VALUE'));
    else if (imported !== undefined) this.#set(imported, this.#sources.imported?.get(imported));
    else if (asked !== undefined) this.#set(asked, this.#queried(asked));
  }

  /**
   * A line with variables in the place of their names; what is not defined stays as it is written.
   * @throws PlaylistError the playlist grows without bounds
   */
  replaceIn(line: string): string {
    if (this.#defined.size === 0 || !line.includes('{$')) return line;
    return line.replace(REFERENCE, (written, name: string) => {
      const value = this.#defined.get(name) ?? written;
      this.#growth += value.length;
      if (this.#growth > GROWTH_MAX_CHARACTERS)
        throw new PlaylistError('has a playlist whose variables are far too long');
      return value;
    });
  }

  #set(name: string, value: string | undefined): void {
    if (value !== undefined) this.#defined.set(name, value);
  }

  /** As it stands in the address: it goes into addresses. */
  #queried(name: string): string | undefined {
    const query = URL.parse(this.#sources.url ?? '')?.search.slice(1) ?? '';
    const value = query.split('&').find((pair) => pair.startsWith(`${name}=`));
    return value?.slice(name.length + 1);
  }
}
