import { Room } from '../../container/host/room.ts';
import { TAKES_AT_ONCE } from '../../container/host/takes.ts';
import { RECORDINGS_PER_WORKER } from '../../container/host/workerProcess.ts';
import type { Agenda } from './agenda.ts';
import { Processor, type Usage } from './processor.ts';
import { MINUTE_MS, type Scenario } from './scenario.ts';

const MIB = 1024 * 1024;
/** What a recording uses of its host's memory, ffmpeg's included. */
const USED_BYTES = 36 * MIB;
/** Application Auto Scaling looks at minutes, and follows three of them. */
const SCALE_AFTER_MINUTES = 3;
const TARGET_PERCENT = 60;
/** A host measures itself so often (container/host/supervisor.ts). */
const MEASURE_MS = 2_000;

/** A process of a host, whose recordings share its event loop. */
export interface Worker {
  recordings: number;
}

export class Host {
  readonly #room: Room;
  readonly processor: Processor;
  /** What its starts take of the processor. */
  readonly usage: Usage = { cpuMs: 0 };
  #recordings = 0;
  #claiming = 0;
  /** One is ready before there are recordings. */
  readonly #workers: Worker[] = [{ recordings: 0 }];
  #measured = { cpuMs: 0, atMs: 0 };
  /** Whether it looks for recordings: one that claims several, or had no room, does not. */
  isListed: boolean = false;
  isWatched: boolean = false;

  constructor(processor: Processor, { fleet }: Scenario) {
    this.processor = processor;
    this.#room = new Room({
      cpuUnits: fleet.hostVcpus * 1024,
      memoryBytes: fleet.hostMemoryMb * MIB,
      maxRecordings: fleet.hosts?.maxRecordings ?? 0,
    });
  }

  canTake(nowMs: number): boolean {
    return this.#claiming < TAKES_AT_ONCE && this.#room.full(nowMs) === undefined;
  }

  /** What `launch` takes for room: one that claims recordings would take another one. */
  isWaitedFor(nowMs: number): boolean {
    return this.#recordings > 0 && this.#room.full(nowMs) === undefined;
  }

  get loadPercent(): number {
    return this.#room.loadPercent;
  }

  /** @returns the worker that gets it, and whether that has to be started first */
  take(nowMs: number): { readonly worker: Worker; readonly isNew: boolean } {
    this.#recordings += 1;
    this.#claiming += 1;
    this.#room.taken(nowMs);
    const free = this.#workers.find(({ recordings }) => recordings < RECORDINGS_PER_WORKER);
    const worker = free ?? { recordings: 0 };
    if (free === undefined) this.#workers.push(worker);
    worker.recordings += 1;
    return { worker, isNew: free === undefined };
  }

  /** The claim is made, or somebody else has it. */
  claimed(): void {
    this.#claiming -= 1;
  }

  /** @returns whether recordings begin */
  measure(nowMs: number, steadyCores: number): boolean {
    const { atMs, cpuMs: before } = this.#measured;
    if (nowMs === atMs) return false;
    this.processor.look();
    const { cpuMs } = this.usage;
    const cpuUnits = 1024 * ((cpuMs - before) / (nowMs - atMs) + this.#recordings * steadyCores);
    const memoryBytes = this.#recordings * USED_BYTES;
    this.#room.measured({ cpuUnits, memoryBytes, diskShare: 0, loopDelayMs: 0 }, nowMs);
    this.#measured = { cpuMs, atMs: nowMs };
    return cpuMs > before || this.#claiming > 0;
  }

  end(worker: Worker): void {
    worker.recordings -= 1;
    this.#recordings -= 1;
    this.#room.left();
  }
}

/** The service of hosts: how many there are, and who is on its way. */
export class HostService {
  readonly hosts: Host[] = [];
  readonly #agenda: Agenda;
  readonly #scenario: Scenario;
  readonly #shared: Processor | undefined;
  readonly #startedAtMs: number[] = [];
  #coming = 0;
  #minutesOver = 0;
  #free: Host[] = [];
  onRoom: () => void = () => undefined;

  constructor(agenda: Agenda, scenario: Scenario, shared: Processor | undefined) {
    this.#agenda = agenda;
    this.#scenario = scenario;
    this.#shared = shared;
    const { hosts } = scenario.fleet;
    for (let n = 0; n < (hosts?.min ?? 0); n++) this.#add();
    if (hosts !== undefined) this.#agenda.after(MINUTE_MS, () => this.#scale());
  }

  /** One of those that look for recordings, by chance, as a queue gives it to whoever polls. */
  withRoom(random: () => number): Host | undefined {
    while (this.#free.length > 0) {
      const index = Math.floor(random() * this.#free.length);
      const host = this.#free[index];
      if (host === undefined) return undefined;
      if (host.canTake(this.#agenda.nowMs)) {
        this.#watch(host);
        return host;
      }
      const last = this.#free.pop();
      if (last !== undefined && host !== last) this.#free[index] = last;
      host.isListed = false;
    }
    return undefined;
  }

  /** Whether `launch` waits for one of them. */
  get isWaitedFor(): boolean {
    return this.hosts.some((host) => host.isWaitedFor(this.#agenda.nowMs));
  }

  /** It looks for recordings again. */
  list(host: Host): void {
    if (!host.isListed) {
      host.isListed = true;
      this.#free.push(host);
    }
    this.onRoom();
  }

  /** It measures itself all the time; where nothing begins, what it measures is known. */
  #watch(host: Host): void {
    if (host.isWatched) return;
    host.isWatched = true;
    this.#agenda.after(MEASURE_MS, () => {
      host.isWatched = false;
      if (host.measure(this.#agenda.nowMs, this.#scenario.times.steadyCores)) this.#watch(host);
      this.list(host);
    });
  }

  /** None has room: one more, unless one is on its way. */
  oneMore(): void {
    if (this.#coming === 0) this.#launch(1);
  }

  /** Hosts' time up to now, in hours. */
  hours(untilMs: number): number {
    return (
      this.#startedAtMs.reduce((sum, startedAtMs) => sum + Math.max(0, untilMs - startedAtMs), 0) / 3_600_000
    );
  }

  #add(): void {
    const { fleet } = this.#scenario;
    const host = new Host(this.#shared ?? new Processor(this.#agenda, fleet.hostVcpus), this.#scenario);
    this.hosts.push(host);
    this.#startedAtMs.push(this.#agenda.nowMs);
    this.list(host);
  }

  #launch(count: number): void {
    const { fleet, times, quotas } = this.#scenario;
    const room = (fleet.hosts?.max ?? 0) - this.hosts.length - this.#coming;
    const vcpus = Math.floor(quotas.fargateVcpus / fleet.hostVcpus) - this.hosts.length - this.#coming;
    const more = Math.min(count, room, vcpus, quotas.serviceLaunchesPerMinute - this.#coming);
    for (let n = 0; n < more; n++) {
      this.#coming += 1;
      this.#agenda.after(times.taskStartMs, () => {
        this.#coming -= 1;
        this.#add();
      });
    }
  }

  #scale(): void {
    if (this.#agenda.nowMs >= this.#scenario.load.untilMs) return;
    const { nowMs } = this.#agenda;
    const load = this.hosts.reduce((sum, host) => sum + host.loadPercent, 0) / this.hosts.length;
    this.#minutesOver = load > TARGET_PERCENT ? this.#minutesOver + 1 : 0;
    if (this.#minutesOver >= SCALE_AFTER_MINUTES) {
      const wanted = Math.ceil((this.hosts.length * load) / TARGET_PERCENT);
      this.#launch(wanted - this.hosts.length - this.#coming);
    }
    for (const host of this.hosts) {
      host.measure(nowMs, this.#scenario.times.steadyCores);
      // Whoever was full may have room again.
      this.list(host);
    }
    this.#agenda.after(MINUTE_MS, () => this.#scale());
  }
}
