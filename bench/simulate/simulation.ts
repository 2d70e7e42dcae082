import { Agenda, seededRandom } from './agenda.ts';
import { type Host, HostService } from './hosts.ts';
import { askedAgainMs, Fargate } from './launches.ts';
import { Processor } from './processor.ts';
import { HOUR_MS, LAUNCHES_AT_ONCE, type Scenario } from './scenario.ts';
import { Concurrency, FunctionQueue, Storage } from './services.ts';

export interface Spread {
  readonly median: number;
  readonly p99: number;
  readonly most: number;
}

export interface Simulated {
  /** Each start that was asked for ends as one of the two others. */
  readonly starts: { readonly asked: number; readonly recorded: number; readonly givenUp: number };
  readonly hosted: number;
  readonly dedicated: number;
  /** From the call to the first frame, of those that were recorded. */
  readonly startLatencyMs: Spread;
  /** Calls of the API that had no concurrency left, and came again. */
  readonly apiThrottled: number;
  readonly runTask: { readonly calls: number; readonly refused: number };
  readonly launchQueueAgeMs: Spread;
  readonly parts: { readonly closed: number; readonly moved: number };
  /** From the end of a part to its record in the library. */
  readonly moveAgeMs: Spread;
  readonly hostsMost: number;
  readonly tasksMost: number;
  readonly vcpusMost: number;
  readonly lambdaMost: number;
  readonly s3: { readonly peakWritesPerSecond: number; readonly longestWaitMs: number };
  readonly hours: { readonly hosted: number; readonly dedicated: number; readonly hosts: number };
  readonly writes: number;
  readonly reads: number;
}

/**
 * What a deployment does under a load, event by event: starts, hosts, RunTask, parts that end together, moves. The rules
 * are the product's where it has them as code (room of a host, deadlines, queues), and AWS's published limits. The same
 * scenario gives the same result.
 */
export function simulate(scenario: Scenario): Simulated {
  return new Simulation(scenario).run();
}

interface Recording {
  readonly askedAtMs: number;
  beganAtMs?: number;
  isOver: boolean;
  host?: Host;
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #agenda = new Agenda();
  readonly #random: () => number;
  readonly #shared: Processor | undefined;
  readonly #service: HostService;
  readonly #fargate: Fargate;
  readonly #account: Concurrency;
  readonly #launchQueue: FunctionQueue;
  readonly #moveQueue: FunctionQueue;
  readonly #storage: Storage;
  readonly #assignments = new Set<Recording>();
  readonly #recording = new Set<Recording>();
  readonly #latenciesMs: number[] = [];
  readonly #moveAgesMs: number[] = [];
  readonly #counts = {
    asked: 0,
    recorded: 0,
    givenUp: 0,
    hosted: 0,
    throttled: 0,
    closed: 0,
    moved: 0,
    reads: 0,
  };
  readonly #hours = { hosted: 0, dedicated: 0 };

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    const { fleet, quotas } = scenario;
    this.#random = seededRandom(scenario.seed);
    this.#shared =
      fleet.sharedCores === undefined ? undefined : new Processor(this.#agenda, fleet.sharedCores);
    this.#service = new HostService(this.#agenda, scenario, this.#shared);
    this.#service.onRoom = () => this.#assign();
    this.#fargate = new Fargate(this.#agenda, scenario);
    this.#account = new Concurrency(quotas.lambdaConcurrency);
    this.#launchQueue = new FunctionQueue(this.#agenda, this.#account, quotas, LAUNCHES_AT_ONCE);
    this.#moveQueue = new FunctionQueue(this.#agenda, this.#account, quotas, fleet.movesAtOnce);
    this.#storage = new Storage(this.#agenda, quotas);
  }

  run(): Simulated {
    const { load } = this.#scenario;
    for (let n = 0; n < load.recordings; n++) {
      this.#agenda.at(this.#random() * load.overMs, () => this.#start());
    }
    for (let atMs = load.rotateEveryMs; atMs < load.untilMs; atMs += load.rotateEveryMs) {
      this.#agenda.at(atMs, () => {
        for (const recording of this.#recording) if (recording.beganAtMs !== undefined) this.#closePart();
      });
    }
    this.#agenda.at(load.untilMs, () => {
      for (const recording of this.#recording) this.#stop(recording);
    });
    this.#agenda.run();
    return this.#result();
  }

  /** By half in both directions; what is measured on this machine is a mean that does not vary. */
  #about(ms: number): number {
    const { sharedCores } = this.#scenario.fleet;
    return sharedCores === undefined ? ms * (0.5 + this.#random()) : ms;
  }

  #cpu(own: Processor | undefined, cpuMs: number, done: () => void): void {
    const processor = this.#shared ?? own;
    if (processor === undefined || cpuMs === 0) done();
    else processor.run(cpuMs, done);
  }

  #start(): void {
    this.#counts.asked += 1;
    this.#call({ askedAtMs: this.#agenda.nowMs, isOver: false });
  }

  #call(recording: Recording): void {
    const { times, fleet } = this.#scenario;
    if (!this.#account.enter()) {
      this.#counts.throttled += 1;
      this.#agenda.after(this.#about(1_000), () => this.#call(recording));
      return;
    }
    this.#cpu(undefined, times.apiCpuMs, () =>
      this.#agenda.after(this.#about(times.apiMs), () => {
        this.#account.leave();
        this.#recording.add(recording);
        const askedAtMs = this.#agenda.nowMs;
        const waitMs = fleet.hosts === undefined ? 0 : times.launchAfterMs;
        this.#agenda.after(waitMs, () => this.#ask(recording, askedAtMs, 0));
        if (fleet.hosts === undefined) return;
        this.#assignments.add(recording);
        this.#assign();
      }),
    );
  }

  /** Hosts with room take what waits, each one after the other. */
  #assign(): void {
    for (const recording of this.#assignments) {
      const host = this.#service.withRoom(this.#random);
      if (host === undefined) return;
      this.#assignments.delete(recording);
      recording.host = host;
      host.take(this.#agenda.nowMs);
      this.#agenda.after(this.#about(this.#scenario.times.takeMs), () => {
        this.#begin(recording, host.processor, false);
        this.#service.list(host);
      });
    }
  }

  /** `launch`: gets a task for what nobody has taken. */
  #ask(recording: Recording, askedAtMs: number, tries: number): void {
    const { times, load } = this.#scenario;
    if (recording.host !== undefined || recording.isOver) return;
    this.#launchQueue.send((done) =>
      this.#agenda.after(this.#about(times.launchMs), () => {
        done();
        if (recording.host !== undefined || recording.isOver) return;
        if (tries === 0) this.#service.oneMore();
        if (this.#fargate.runTask(this.#service.hosts.length)) {
          this.#agenda.after(this.#about(times.taskStartMs), () => {
            // A host that has taken it meanwhile has the claim.
            if (recording.host === undefined && !recording.isOver) {
              this.#assignments.delete(recording);
              this.#begin(recording, undefined, true);
            } else this.#fargate.ended();
          });
          return;
        }
        const againMs = askedAgainMs(askedAtMs, this.#agenda.nowMs, tries, this.#random());
        if (againMs !== undefined && this.#agenda.nowMs < load.untilMs) {
          this.#agenda.after(againMs, () => this.#ask(recording, askedAtMs, tries + 1));
        } else this.#giveUp(recording);
      }),
    );
  }

  #giveUp(recording: Recording): void {
    recording.isOver = true;
    this.#recording.delete(recording);
    this.#assignments.delete(recording);
    this.#counts.givenUp += 1;
  }

  #begin(recording: Recording, processor: Processor | undefined, isTask: boolean): void {
    const { times, requests, fleet } = this.#scenario;
    const own =
      isTask && this.#shared === undefined ? new Processor(this.#agenda, fleet.taskVcpus) : processor;
    this.#cpu(own, times.startCpuMs, () =>
      this.#agenda.after(this.#about(times.startWaitMs), () => {
        if (recording.isOver) {
          if (isTask) this.#fargate.ended();
          return;
        }
        recording.beganAtMs = this.#agenda.nowMs;
        this.#counts.recorded += 1;
        if (!isTask) this.#counts.hosted += 1;
        this.#latenciesMs.push(recording.beganAtMs - recording.askedAtMs);
        (this.#shared ?? processor)?.take(times.steadyCores);
        const perHour = isTask ? requests.dedicatedWritesPerHour : requests.hostedWritesPerHour;
        this.#storage.steady((perHour / HOUR_MS) * 1000);
      }),
    );
  }

  #stop(recording: Recording): void {
    const { requests } = this.#scenario;
    recording.isOver = true;
    this.#recording.delete(recording);
    this.#assignments.delete(recording);
    recording.host?.end();
    // One that had not begun failed: it was stopped before its first frame.
    if (recording.beganAtMs === undefined) {
      this.#counts.givenUp += 1;
      return;
    }
    const isHosted = recording.host !== undefined;
    if (!isHosted) this.#fargate.ended();
    const hours = (this.#agenda.nowMs - recording.beganAtMs) / HOUR_MS;
    this.#hours[isHosted ? 'hosted' : 'dedicated'] += hours;
    const { hostedWritesPerHour, dedicatedWritesPerHour } = requests;
    this.#storage.steady(-((isHosted ? hostedWritesPerHour : dedicatedWritesPerHour) / HOUR_MS) * 1000);
    this.#closePart();
  }

  #closePart(): void {
    const { requests, times } = this.#scenario;
    const closedAtMs = this.#agenda.nowMs;
    this.#counts.closed += 1;
    this.#agenda.after(this.#storage.write(requests.partWrites), () =>
      this.#moveQueue.send((done) => {
        const waitMs = this.#storage.write(requests.moveWrites);
        this.#counts.reads += requests.moveReads;
        this.#agenda.after(waitMs + this.#about(times.moveMs), () => {
          this.#counts.moved += 1;
          this.#moveAgesMs.push(this.#agenda.nowMs - closedAtMs);
          done();
        });
      }),
    );
  }

  #result(): Simulated {
    const { requests, fleet, load } = this.#scenario;
    const { asked, recorded, givenUp, hosted, throttled, closed, moved, reads } = this.#counts;
    const hostsMost = this.#service.hosts.length;
    const { hostedReadsPerHour, dedicatedReadsPerHour } = requests;
    return {
      starts: { asked, recorded, givenUp },
      hosted,
      dedicated: recorded - hosted,
      startLatencyMs: spreadOf(this.#latenciesMs),
      apiThrottled: throttled,
      runTask: { calls: this.#fargate.calls, refused: this.#fargate.refused },
      launchQueueAgeMs: spreadOf(this.#launchQueue.agesMs),
      parts: { closed, moved },
      moveAgeMs: spreadOf(this.#moveAgesMs),
      hostsMost,
      tasksMost: this.#fargate.mostTasks,
      vcpusMost: hostsMost * fleet.hostVcpus + this.#fargate.mostTasks * fleet.taskVcpus,
      lambdaMost: this.#account.peak,
      s3: {
        peakWritesPerSecond: this.#storage.peakPerSecond,
        longestWaitMs: this.#storage.longestWaitMs,
      },
      hours: { ...this.#hours, hosts: this.#service.hours(load.untilMs) },
      writes: this.#storage.writes,
      reads: reads + this.#hours.hosted * hostedReadsPerHour + this.#hours.dedicated * dedicatedReadsPerHour,
    };
  }
}

export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return { median: 0, p99: 0, most: 0 };
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { median: at(0.5), p99: at(0.99), most: at(1) };
}
