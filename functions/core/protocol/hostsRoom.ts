import { type HostStatus, hostStatusSchema } from '../state/hostObjects.ts';
import { hostStatusKey } from '../state/keys.ts';
import type { Clock, Store } from './ports.ts';
import { silenceLimitMs } from './silence.ts';

export interface HostsRoomPorts {
  readonly store: Pick<Store, 'read'>;
  readonly clock: Clock;
  /** Of all hosts that have written something lately. */
  readonly hostIds: () => Promise<readonly string[]>;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** Of hundreds of hosts so many are looked at, by chance: where there is room, one of them is likely to have some. */
const LOOKED_AT_MAX = 8;
/** Of starts that come together one looks: hosts tell how they are every 2 s. */
const KNOWN_MS = 1_000;

/** Whether hosts have room, as their heartbeats say. */
export class HostsRoom {
  readonly #ports: HostsRoomPorts;
  #known: { readonly atMs: number; readonly isAny: boolean } | undefined;

  constructor(ports: HostsRoomPorts) {
    this.#ports = ports;
  }

  /** A host that claims recordings would take another one. @throws faults of the store; what is no heartbeat */
  async isAny(): Promise<boolean> {
    const { clock } = this.#ports;
    if (this.#known === undefined || clock.nowMs() - this.#known.atMs >= KNOWN_MS)
      this.#known = { isAny: await this.#look(), atMs: clock.nowMs() };
    return this.#known.isAny;
  }

  async #look(): Promise<boolean> {
    const { store, clock, hostIds, random } = this.#ports;
    const some = (await hostIds())
      .map((hostId) => ({ hostId, place: random() }))
      .sort((a, b) => a.place - b.place)
      .slice(0, LOOKED_AT_MAX);
    const statuses = await Promise.all(
      some.map(({ hostId }) => store.read(hostStatusKey(hostId), hostStatusSchema)),
    );
    return statuses.some((status) => status !== undefined && hasRoom(status.value, clock.nowMs()));
  }
}

/**
 * One that carries nothing tells every 15 s alone, and may be gone for longer than a task takes: it had three seconds, and has
 * claimed nothing.
 */
function hasRoom(status: HostStatus, nowMs: number): boolean {
  return status.recordings > 0 && status.full === undefined && nowMs - status.atMs < silenceLimitMs(status);
}
