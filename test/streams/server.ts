import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { listenOnLoopback } from '../../infra/emulators/shared/loopback.ts';
import { AUDIO, type SentTag, VIDEO } from './media.ts';
import type { Story } from './story.ts';
import { writerOf } from './writers.ts';

/** A live stream over HTTP that does what its story says. Who comes again joins it where it is by then. */
export class GeneratedServer {
  url = '';
  /** What has been sent whole, in order, over all connections. */
  readonly sent: SentTag[] = [];
  readonly #server: Server;
  readonly #tags: readonly SentTag[];
  readonly #story: Story;
  readonly #cuts: { readonly atMs: number; readonly hasCache: boolean }[];
  readonly #onOver: () => Promise<void>;
  #beganAtMs: number | undefined;
  #connections = 0;

  private constructor(tags: readonly SentTag[], story: Story, onOver: () => Promise<void>) {
    this.#onOver = onOver;
    this.#tags = tags;
    this.#story = story;
    this.#cuts = story.happenings.flatMap((one) => (one.kind === 'cut' ? [one] : []));
    this.#server = createServer((_request, response) => void this.#serve(response));
  }

  /** @param onOver all has been sent, and nobody has been told yet */
  static async start(
    tags: readonly SentTag[],
    story: Story,
    onOver: () => Promise<void>,
  ): Promise<GeneratedServer> {
    const server = new GeneratedServer(tags, story, onOver);
    server.url = `${await listenOnLoopback(server.#server)}/live/generated.${story.format}`;
    return server;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(response: ServerResponse): Promise<void> {
    this.#beganAtMs ??= performance.now();
    const nowMs = (): number => performance.now() - (this.#beganAtMs ?? 0);
    const cut = this.#cuts[this.#connections];
    const before = this.#cuts[this.#connections - 1];
    this.#connections += 1;
    const isFirst = this.#connections === 1;
    const first = isFirst ? 0 : this.#joinedAt(nowMs(), before?.hasCache === true);
    if (first === undefined) {
      await this.#onOver();
      response.writeHead(404).end();
      return;
    }
    const writer = writerOf(this.#story.format);
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    response.write(writer.begin(isFirst ? [] : this.#headersBefore(first), this.#tags[first]));
    for (const tag of this.#tags.slice(first)) {
      const waitMs = tag.trueMs - nowMs();
      if (waitMs > 0) await delay(waitMs);
      if (response.destroyed) return;
      if (cut !== undefined && tag.trueMs >= cut.atMs) {
        response.end();
        return;
      }
      response.write(writer.write(tag));
      this.sent.push(tag);
    }
    await this.#onOver();
    response.end();
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
