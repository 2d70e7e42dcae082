/** A host that carries recordings says every 2 s that it is there: its heartbeat is 6 to 10 s old by then. */
const SILENT_MS = 6_000;
/** One without recordings says so every 15 s. */
const SILENT_IDLE_MS = 45_000;

/**
 * For how long a host has said nothing, as another one hears it: no clock is compared with another one's. What S3 did not
 * let anybody hear is no silence.
 */
export class Silence {
  #heartbeat: string | undefined;
  #sinceMs = 0;

  /**
   * @param heartbeat tells one from the next, such as the ETag of what the host writes
   * @param nowMs of a clock that only goes forward
   * @returns for how long it has been the same one, in ms
   */
  heard(heartbeat: string, nowMs: number): number {
    if (heartbeat !== this.#heartbeat) {
      this.#heartbeat = heartbeat;
      this.#sinceMs = nowMs;
    }
    return nowMs - this.#sinceMs;
  }

  /** It could not be listened to: the time counts from the next time on. */
  unheard(): void {
    this.#heartbeat = undefined;
  }
}

/** Whether a host is taken for gone. A wrong guess does no harm: its uploads fence it off. */
export function isTooSilent(silentMs: number, { recordings }: { readonly recordings: number }): boolean {
  return silentMs >= (recordings > 0 ? SILENT_MS : SILENT_IDLE_MS);
}

/** Which hosts one looks after, the next one first: each has another one's eye on it, as long as there are two. */
export function othersInRing(own: string, hostIds: readonly string[]): readonly string[] {
  const ordered = [...new Set(hostIds)].filter((id) => id !== own).sort();
  return [...ordered.filter((id) => id > own), ...ordered.filter((id) => id < own)];
}
