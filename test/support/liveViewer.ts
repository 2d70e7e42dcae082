import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';

/** A segment as a list tells it: what must not change while it is listed. */
interface Listed {
  readonly text: string;
  readonly discontinuity: number;
  /** Undefined for one that is said to be missing. */
  readonly media: { readonly map: string; readonly name: string; readonly range: string } | undefined;
}

/** What somebody saw from a recording's first list to its last. */
export interface Watched {
  /** The bytes of each part, as a player puts them together: its init segment, then its segments. */
  readonly parts: readonly Buffer[];
  /** Changes of parts that the list told. */
  readonly discontinuities: number;
}

const RELOADED_EVERY_MS = 500;

/** A player of a recording that goes on: loads its list again and again, each segment once, and minds RFC 8216's rules. */
export class LiveViewer {
  readonly #url: string;
  readonly #segments = new Map<number, Listed>();
  readonly #loaded = new Map<number, Buffer>();
  readonly #inits = new Map<string, Buffer>();
  #targetSeconds: number | undefined;
  #sequence = 0;
  readonly #begun = Promise.withResolvers<void>();
  readonly seen: Promise<Watched>;

  /** @param url of the list of lists */
  constructor(url: string) {
    this.#url = new URL('live.m3u8', url).href;
    this.seen = this.#watch();
    // It is awaited later.
    this.seen.catch(this.#begun.reject);
  }

  /** There was something to see. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  async #watch(): Promise<Watched> {
    for (;;) {
      const answer = await fetch(this.#url);
      const list = await answer.text();
      // Before there is anything to see.
      if (!answer.ok && this.#segments.size > 0) throw new Error(`the list: ${answer.status} ${list}`);
      if (answer.ok) {
        this.#look(list);
        await this.#load();
        this.#begun.resolve();
        if (list.endsWith('#EXT-X-ENDLIST\n')) return this.#watched();
      }
      await delay(RELOADED_EVERY_MS);
    }
  }

  #look(list: string): void {
    const lines = list.trimEnd().split('\n');
    const value = (tag: string): number =>
      Number(lines.find((line) => line.startsWith(`#${tag}:`))?.slice(tag.length + 2));
    const targetSeconds = value('EXT-X-TARGETDURATION');
    this.#targetSeconds ??= targetSeconds;
    expect(targetSeconds).toBe(this.#targetSeconds);
    let number = value('EXT-X-MEDIA-SEQUENCE');
    expect(number).toBeGreaterThanOrEqual(this.#sequence);
    this.#sequence = number;
    let discontinuity = value('EXT-X-DISCONTINUITY-SEQUENCE');
    let [map, tags]: [string, string[]] = ['', []];
    for (const line of lines) {
      if (line === '#EXT-X-DISCONTINUITY') discontinuity += 1;
      else if (line.startsWith('#EXT-X-MAP:')) map = /URI="(.*)"/.exec(line)?.[1] ?? '';
      else if (line.startsWith('#EXTINF:') || line === '#EXT-X-GAP' || line.startsWith('#EXT-X-BYTERANGE:'))
        tags.push(line);
      else if (!line.startsWith('#')) {
        const text = [discontinuity, map, ...tags, line].join(' ');
        const known = this.#segments.get(number);
        if (known !== undefined) expect(text).toBe(known.text);
        else this.#segments.set(number, { text, discontinuity, media: mediaOf(map, tags, line) });
        number += 1;
        tags = [];
      }
    }
    const newest = Math.max(...this.#segments.keys());
    // What was listed stays until it leaves at the front.
    expect(number - 1).toBe(newest);
  }

  async #load(): Promise<void> {
    for (const [number, { media }] of this.#segments) {
      if (media === undefined || this.#loaded.has(number)) continue;
      if (!this.#inits.has(media.map)) this.#inits.set(media.map, await this.#get(media.map, {}, 200));
      this.#loaded.set(number, await this.#get(media.name, { range: media.range }, 206));
    }
  }

  async #get(name: string, headers: Record<string, string>, status: number): Promise<Buffer> {
    const answer = await fetch(new URL(name, this.#url), { headers });
    expect(answer.status).toBe(status);
    return Buffer.from(await answer.arrayBuffer());
  }

  #watched(): Watched {
    const inOrder = [...this.#segments].sort(([one], [other]) => one - other);
    const parts: { map: string; bytes: Buffer[] }[] = [];
    for (const [number, { media }] of inOrder) {
      const bytes = this.#loaded.get(number);
      if (media === undefined || bytes === undefined) continue;
      if (parts.at(-1)?.map !== media.map)
        parts.push({ map: media.map, bytes: [this.#inits.get(media.map) ?? Buffer.alloc(0)] });
      parts.at(-1)?.bytes.push(bytes);
    }
    const numbers = inOrder.map(([, { discontinuity }]) => discontinuity);
    return {
      parts: parts.map(({ bytes }) => Buffer.concat(bytes)),
      discontinuities: (numbers.at(-1) ?? 0) - (numbers[0] ?? 0),
    };
  }
}

function mediaOf(map: string, tags: readonly string[], name: string): Listed['media'] {
  const [, bytes, from] = /#EXT-X-BYTERANGE:(\d+)@(\d+)/.exec(tags.join('\n')) ?? [];
  if (tags.includes('#EXT-X-GAP') || bytes === undefined) return undefined;
  return { map, name, range: `bytes=${from}-${Number(from) + Number(bytes) - 1}` };
}
