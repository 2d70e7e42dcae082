import { setTimeout as delay } from 'node:timers/promises';
import { ForbiddenSourceError } from '../../../functions/aws/dnsResolution.ts';
import {
  type ByteRange,
  PlaylistError,
  type SegmentKey,
  UnsupportedStreamError,
} from '../../../functions/core/hls/playlist.ts';
import { AWAKE_TIME } from '../../attempt/awakeTime.ts';
import { HttpFault, type JudgedHttp } from '../reach/judgedHttp.ts';
import { decrypted } from './decrypted.ts';
import type { KeyRing } from './keyRing.ts';
import { Wholeness } from './wholeness.ts';

export interface SegmentAddress {
  readonly url: string;
  readonly range: ByteRange | undefined;
  readonly key: (SegmentKey & { readonly url: string }) | undefined;
  readonly sequence: bigint;
  /** What the segment lasts. */
  readonly durationMs: number;
}

export interface SegmentOptions {
  readonly http: JudgedHttp;
  readonly keys: KeyRing;
  readonly idleTimeoutMs: number;
}

/** Where it is of no use to ask again, it may be all the same: an answer may have come damaged. */
const TRIES_MIN = 3;
/**
 * What a server says it does not have may be late: playlists run ahead of what is stored, and caches keep the answer for
 * a while. It is asked for until as much has gone by of what it lasts: a playlist joined at its third segment from the end
 * has it, and the next one, for longer than that.
 */
const LATE_SHARE = 1.5;
const LATE_MIN_MS = 750;
const LATE_MAX_MS = 5_000;
/** A server may lose one request, and answer the next: there is time for another one. */
const TRY_SHARE = 0.5;
const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 2_000;

/**
 * The bytes of a segment, decrypted. A connection that is cut goes on where it was: what has been given is never given
 * again.
 * @throws HttpFault the segment cannot be had; PlaylistError it cannot be decrypted; ForbiddenSourceError
 */
export async function* readSegment(
  address: SegmentAddress,
  options: SegmentOptions,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const { idleTimeoutMs } = options;
  let given = 0;
  let faults = 0;
  /** Tries in a row that ended at the same place. */
  let alike = 0;
  const wholeness = new Wholeness();
  // As its requests count it: while this process does not run, it waits for no answer.
  let sinceMs = AWAKE_TIME.ms;
  for (;;) {
    let skip = given;
    try {
      for await (const chunk of plainBytes(address, options, signal)) {
        const fresh = chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - fresh.length;
        if (fresh.length === 0) continue;
        given += fresh.length;
        faults = 0;
        alike = 0;
        wholeness.push(fresh);
        yield fresh;
        sinceMs = AWAKE_TIME.ms;
      }
      // A server that says no length may have been cut off, or be still writing what it sends.
      if (!wholeness.isCut) return;
      alike += 1;
      if (alike >= TRIES_MIN) return;
      await delay(BACKOFF_FIRST_MS * 2 ** (alike - 1), undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      faults += 1;
      const isCut = error instanceof HttpFault && error.isCut && skip === 0 && given > 0;
      alike = isCut ? alike + 1 : 0;
      // Its server says another length than it has, or does not say that it is at its end.
      if (alike >= TRIES_MIN && wholeness.isWhole) return;
      if (error instanceof ForbiddenSourceError || error instanceof UnsupportedStreamError) throw error;
      const isDenied = error instanceof HttpFault && error.isDenial;
      const isOften = faults >= TRIES_MIN;
      const isLate = AWAKE_TIME.ms - sinceMs >= (isDenied ? lateMs(address) : idleTimeoutMs);
      if (error instanceof PlaylistError ? isOften : isLate && (isOften || !isDenied)) throw error;
      const backoffMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (faults - 1));
      await delay(backoffMs, undefined, { signal });
    }
  }
}

/** How long a segment is asked for that its server says it does not have. */
export const lateMs = ({ durationMs }: Pick<SegmentAddress, 'durationMs'>): number =>
  Math.min(LATE_MAX_MS, Math.max(LATE_MIN_MS, LATE_SHARE * durationMs));

async function* plainBytes(
  { url, range, key, sequence }: SegmentAddress,
  { http, keys, idleTimeoutMs }: SegmentOptions,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const options = { range, answerMs: idleTimeoutMs * TRY_SHARE, signal };
  if (key === undefined) {
    yield* (await http.get(url, options)).body;
    return;
  }
  const decipher = await keys.decipher(key, key.url, sequence, signal);
  yield* decrypted((await http.get(url, options)).body, decipher);
}
