import { Logger } from '@aws-lambda-powertools/logger';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Peers } from '../../../container/host/peers.ts';
import { othersInRing } from '../../../functions/core/protocol/silence.ts';

const OWN = 'b';
/** When the clocks of these tests are 0, which only go forward. */
const EPOCH_MS = Date.parse('2026-07-01T12:00:00Z');

/** Hosts beside one that listens, on a clock of its own. */
class Hosts {
  nowMs = 1_000;
  /** Of each that has not ended: when it said something last, and what it carries. */
  readonly beating = new Map<string, { atMs: number; everyMs: number; recordings: number }>();
  readonly gone: { readonly hostId: string; readonly atMs: number }[] = [];
  beats = 0;
  looks = 0;
  isStorageAway: boolean = false;
  isLate: boolean = false;
  readonly #peers = new Peers({
    hostId: OWN,
    state: {
      hostIds: async () => this.#ask([OWN, ...this.beating.keys()]),
      heartbeatOf: async (hostId) => {
        const host = this.beating.get(hostId);
        // S3 tells whole seconds.
        const saidAtMs = host && EPOCH_MS + Math.floor(host.atMs / 1_000) * 1_000;
        this.looks += 1;
        return this.#ask(
          host && { etag: String(host.atMs), saidAtMs: saidAtMs ?? 0, recordings: host.recordings },
        );
      },
    },
    beat: async () => {
      this.#ask(undefined);
      this.beats += 1;
    },
    isLate: () => this.isLate,
    tellGone: async (hostId) => void this.gone.push({ hostId, atMs: this.nowMs }),
    nowMs: () => this.nowMs,
    clock: { nowMs: () => EPOCH_MS + this.nowMs },
    log: new Logger({ logLevel: 'SILENT' }),
  });

  #ask<T>(answer: T): T {
    if (this.isStorageAway) throw new Error('S3 is away');
    return answer;
  }

  add(hostId: string, { recordings = 3, everyMs = 2_000 } = {}): void {
    this.beating.set(hostId, { atMs: this.nowMs, everyMs, recordings });
  }

  silence(hostId: string): void {
    const host = this.beating.get(hostId);
    if (host !== undefined) host.everyMs = Number.POSITIVE_INFINITY;
  }

  async pass(ms: number): Promise<void> {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; ) {
      this.nowMs += 250;
      for (const host of this.beating.values())
        if (!this.isStorageAway && this.nowMs - host.atMs >= host.everyMs) host.atMs = this.nowMs;
      await this.#peers.look().catch((error: Error) => expect(error.message).toBe('S3 is away'));
    }
  }
}

describe('hosts that look after each other', () => {
  let hosts: Hosts;
  beforeEach(() => {
    hosts = new Hosts();
  });

  it.each([0, 250, 500, 750, 1_000, 1_500, 1_750])(
    'a host that is killed %i ms after its heartbeat is told within seven and a half seconds',
    async (ms) => {
      hosts.add('c');
      await hosts.pass(20_000 + ms);
      hosts.silence('c');
      const killedAtMs = hosts.nowMs;
      await hosts.pass(30_000);
      expect(hosts.gone.map(({ hostId }) => hostId)).toEqual(['c']);
      const afterMs = (hosts.gone[0]?.atMs ?? 0) - killedAtMs;
      expect(afterMs).toBeLessThanOrEqual(7_500);
      // Three heartbeats are missing, or nearly so.
      expect(afterMs).toBeGreaterThanOrEqual(4_000);
      // It could say so itself.
      expect(hosts.beats).toBe(1);
    },
  );

  it('one that says what it should is left alone, with recordings and without', async () => {
    hosts.add('c');
    await hosts.pass(600_000);
    // Once in five to six seconds.
    expect(hosts.looks).toBeLessThan(600 / 5);
    hosts.beating.clear();
    hosts.add('d', { recordings: 0, everyMs: 15_000 });
    await hosts.pass(600_000);
    expect(hosts.gone).toEqual([]);
  });

  it('S3 that is away for a minute makes nobody a dead host', async () => {
    hosts.add('c');
    await hosts.pass(10_000);
    hosts.isStorageAway = true;
    await hosts.pass(60_000);
    hosts.isStorageAway = false;
    await hosts.pass(60_000);
    expect(hosts.gone).toEqual([]);
  });

  it('whoever cannot write itself tells of nobody', async () => {
    hosts.add('c');
    await hosts.pass(10_000);
    hosts.silence('c');
    // Reading goes on.
    Object.defineProperty(hosts, 'beats', {
      get: () => 0,
      set: () => {
        throw new Error('S3 is away');
      },
    });
    await hosts.pass(60_000);
    expect(hosts.gone).toEqual([]);
  });

  it('nor does one that is slow itself, or finds S3 slow', async () => {
    hosts.add('c');
    await hosts.pass(10_000);
    hosts.silence('c');
    hosts.isLate = true;
    await hosts.pass(60_000);
    expect(hosts.gone).toEqual([]);
    hosts.isLate = false;
    await hosts.pass(10_000);
    expect(hosts.gone).toHaveLength(1);
  });

  it('looks after the next one when one has ended, or has been told of', async () => {
    hosts.add('c');
    hosts.add('d');
    hosts.add('e');
    await hosts.pass(10_000);
    hosts.beating.delete('c');
    hosts.silence('d');
    await hosts.pass(20_000);
    hosts.silence('e');
    await hosts.pass(20_000);
    expect(hosts.gone.map(({ hostId }) => hostId)).toEqual(['d', 'e']);
  });

  it('one that was taken for gone, and lives, is looked after again', async () => {
    hosts.add('c');
    await hosts.pass(10_000);
    hosts.silence('c');
    await hosts.pass(15_000);
    hosts.add('c');
    await hosts.pass(100_000);
    expect(hosts.gone).toHaveLength(1);
    hosts.silence('c');
    await hosts.pass(15_000);
    expect(hosts.gone).toHaveLength(2);
  });

  it('each of two or more is looked after by exactly one', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.uuid(), { minLength: 2 }), (ids) => {
        const watched = ids.map((id) => othersInRing(id, ids)[0]);
        expect(watched.toSorted()).toEqual(ids.toSorted());
        for (const id of ids) expect([...othersInRing(id, ids), id].toSorted()).toEqual(ids.toSorted());
      }),
    );
  });
});
