import { createDecipheriv, type Decipheriv } from 'node:crypto';
import { bytesOfDataUrl } from '../../../functions/core/hls/dataUrl.ts';
import {
  PlaylistError,
  type SegmentKey,
  UnsupportedStreamError,
} from '../../../functions/core/hls/playlist.ts';
import type { JudgedHttp } from '../reach/judgedHttp.ts';

const KEY_BYTES = 16;
/** Keys rotate, and variants and renditions may have keys of their own. */
const KEYS_MAX = 32;

/** The keys of a stream, each fetched once. */
export class KeyRing {
  readonly #http: JudgedHttp;
  readonly #keys = new Map<string, Buffer>();

  constructor(http: JudgedHttp) {
    this.#http = http;
  }

  /**
   * @param url of the key, resolved
   * @throws PlaylistError it is no key; UnsupportedStreamError a method that is not AES-128; HttpFault; ForbiddenSourceError
   */
  async decipher(
    { method, iv }: SegmentKey,
    url: string,
    sequence: bigint,
    signal: AbortSignal,
  ): Promise<Decipheriv> {
    if (method !== 'AES-128') {
      throw new UnsupportedStreamError(`is encrypted with ${method.slice(0, 40)}, which cannot be recorded`);
    }
    const key = this.#keys.get(url) ?? (await this.#fetch(url, signal));
    return createDecipheriv('aes-128-cbc', key, iv ?? ivOf(sequence));
  }

  async #fetch(url: string, signal: AbortSignal): Promise<Buffer> {
    // Some playlists have the key itself.
    const key = bytesOfDataUrl(url) ?? (await this.#sent(url, signal));
    if (key.length !== KEY_BYTES) {
      throw new PlaylistError('sends something else than a key of 16 bytes where its key should be');
    }
    const [oldest] = this.#keys.keys();
    if (this.#keys.size >= KEYS_MAX && oldest !== undefined) this.#keys.delete(oldest);
    this.#keys.set(url, key);
    return key;
  }

  /** No more of it than shows that it is none. */
  async #sent(url: string, signal: AbortSignal): Promise<Buffer> {
    const { body } = await this.#http.get(url, { signal });
    let key = Buffer.alloc(0);
    for await (const chunk of body) {
      key = Buffer.concat([key, chunk]);
      if (key.length > KEY_BYTES) break;
    }
    return key;
  }
}

/** The media sequence number, in 128 bits. */
function ivOf(sequence: bigint): Buffer {
  const iv = Buffer.alloc(KEY_BYTES);
  iv.writeBigUInt64BE(BigInt.asUintN(64, sequence), 8);
  return iv;
}
