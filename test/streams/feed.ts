import { setTimeout as delay } from 'node:timers/promises';
import { AUDIO, type SentTag, VIDEO } from './media.ts';
import type { Story } from './story.ts';

export interface StreamServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Who plays a stream, over one connection. */
export interface Listener {
  readonly isGone: boolean;
  /** @param headers configurations that the listener has missed */
  begin(headers: readonly SentTag[], first: SentTag | undefined): void;
  write(tag: SentTag): void;
  /** Nothing more is sent; what was sent arrives. */
  end(): void;
  /** There is no such stream any more. */
  refuse(): void;
}

/** The tags of a story as they are sent in real time from the first listener on. Who comes again joins them where they are by then. */
export class LiveFeed {
  /** What has been sent whole, in order, over all connections. */
  readonly sent: SentTag[] = [];
  readonly #tags: readonly SentTag[];
  readonly #cuts: { readonly atMs: number; readonly hasCache: boolean }[];
  readonly #onOver: () => Promise<void>;
  #beganAtMs: number | undefined;
  #connections = 0;

  /** @param onOver all has been sent, and nobody has been told yet */
  constructor(tags: readonly SentTag[], { happenings }: Story, onOver: () => Promise<void>) {
    this.#tags = tags;
    this.#onOver = onOver;
    this.#cuts = happenings.flatMap((one) => (one.kind === 'cut' ? [one] : []));
  }

  /** Sends until the connection is cut, or the stream is over. */
  async serve(listener: Listener): Promise<void> {
    this.#beganAtMs ??= performance.now();
    const nowMs = (): number => performance.now() - (this.#beganAtMs ?? 0);
    const connection = this.#connections;
    const cut = this.#cuts[connection];
    const before = this.#cuts[connection - 1];
    this.#connections += 1;
    const isFirst = this.#connections === 1;
    const first = isFirst ? 0 : this.#joinedAt(nowMs(), before?.hasCache === true);
    if (first === undefined) {
      await this.#onOver();
      listener.refuse();
      return;
    }
    listener.begin(isFirst ? [] : this.#headersBefore(first), this.#tags[first]);
    for (const tag of this.#tags.slice(first)) {
      const waitMs = tag.trueMs - nowMs();
      if (waitMs > 0) await delay(waitMs);
      if (listener.isGone) return;
      if (cut !== undefined && tag.trueMs >= cut.atMs) {
        listener.end();
        return;
      }
      listener.write(tag);
      this.sent.push({ ...tag, written: { atMs: nowMs(), connection } });
    }
    await this.#onOver();
    listener.end();
  }

  /** Place of the keyframe that a listener begins with who comes now; undefined when the stream is over. */
  #joinedAt(nowMs: number, hasCache: boolean): number | undefined {
    if (nowMs > Math.max(...this.#tags.map((tag) => tag.trueMs))) return undefined;
    const places = [...this.#tags.keys()].filter((place) => this.#tags[place]?.isKeyframe === true);
    const trueMs = (place: number): number => this.#tags[place]?.trueMs ?? 0;
    return hasCache
      ? places.findLast((place) => trueMs(place) <= nowMs)
      : places.find((place) => trueMs(place) > nowMs);
  }

  #headersBefore(place: number): SentTag[] {
    const headers = this.#tags.slice(0, place).filter(({ isHeader }) => isHeader);
    return [VIDEO, AUDIO].flatMap((kind) => headers.findLast((tag) => tag.kind === kind) ?? []);
  }
}
