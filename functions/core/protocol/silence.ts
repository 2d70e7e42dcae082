/** A host that carries recordings says every 2 s that it is there; its heartbeat may be a second younger than S3 says. */
const SILENT_MS = 7_000;
/** One without recordings says so every 15 s. */
const SILENT_IDLE_MS = 45_000;

/**
 * For how long a host has said nothing, as another one hears it, and S3's own clock tells. What S3 did not let anybody hear is
 * no silence.
 */
export class Silence {
  #heartbeat: string | undefined;
  #sinceMs = 0;
  #listensSinceMs: number | undefined;

  /**
   * @param heartbeat `etag` tells one from the next; `ageMs` is how old it is, as far as is known
   * @param nowMs of a clock that only goes forward
   * @returns for how long it has been the same one, in ms, since anybody listens
   */
  heard({ etag, ageMs }: { readonly etag: string; readonly ageMs: number }, nowMs: number): number {
    this.#listensSinceMs ??= nowMs;
    if (etag !== this.#heartbeat) {
      this.#heartbeat = etag;
      this.#sinceMs = Math.max(this.#listensSinceMs, nowMs - Math.max(0, ageMs));
    }
    return nowMs - this.#sinceMs;
  }

  /** It could not be listened to: the time counts from the next time on. */
  unheard(): void {
    this.#heartbeat = undefined;
    this.#listensSinceMs = undefined;
  }
}

/** After how long a host is taken for gone. A wrong guess does no harm: its uploads fence it off. */
export const silenceLimitMs = ({ recordings }: { readonly recordings: number }): number =>
  recordings > 0 ? SILENT_MS : SILENT_IDLE_MS;

/** Which hosts one looks after, the next one first: each has another one's eye on it, as long as there are two. */
export function othersInRing(own: string, hostIds: readonly string[]): readonly string[] {
  const ordered = [...new Set(hostIds)].filter((id) => id !== own).sort();
  return [...ordered.filter((id) => id > own), ...ordered.filter((id) => id < own)];
}
