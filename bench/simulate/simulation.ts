import { LEFT_TO_HOSTS_MS, LOOK_AGAIN_MS } from '../../functions/core/protocol/launchAsked.ts';
import { Agenda, seededRandom } from './agenda.ts';
import { type Host, HostService, type Worker } from './hosts.ts';
import { askedAgainMs, Fargate } from './launches.ts';
import { Processor, type RunBy } from './processor.ts';
import { HOUR_MS, type Scenario } from './scenario.ts';
import { Concurrency, FunctionQueue, Storage, Turns } from './services.ts';
import { type Simulated, spreadOf } from './simulated.ts';

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
  /** By a host, or a task: the first one has it. */
  isClaimed: boolean;
  /** Where it goes on, where that is a host. */
  at?: { readonly host: Host; readonly worker: Worker };
}

type Taken = ReturnType<Host['take']>;

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
  readonly #api: Turns;
  /** Emulated services run in one thread. */
  readonly #services = {};
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
    this.#launchQueue = new FunctionQueue(this.#agenda, this.#account, quotas, fleet.launchesAtOnce);
    this.#moveQueue = new FunctionQueue(this.#agenda, this.#account, quotas, fleet.movesAtOnce);
    this.#storage = new Storage(this.#agenda, quotas);
    this.#api = new Turns(fleet.apiAtOnce);
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

  #cpu(on: Processor | undefined, cpuMs: number, done: () => void, by: RunBy = {}): void {
    const processor = this.#shared ?? on;
    if (processor === undefined || cpuMs === 0) done();
    else processor.run(cpuMs, done, by);
  }

  #start(): void {
    this.#counts.asked += 1;
    this.#call({ askedAtMs: this.#agenda.nowMs, isOver: false, isClaimed: false });
  }

  #call(recording: Recording): void {
    const { times } = this.#scenario;
    if (!this.#account.enter()) {
      this.#counts.throttled += 1;
      this.#agenda.after(this.#about(1_000), () => this.#call(recording));
      return;
    }
    this.#api.take((leave) =>
      this.#cpu(undefined, times.apiCpuMs, () =>
        this.#cpu(
          undefined,
          times.servicesCpuMs,
          () =>
            this.#agenda.after(this.#about(times.apiMs), () => {
              this.#account.leave();
              leave();
              this.#asked(recording);
            }),
          { thread: this.#services },
        ),
      ),
    );
  }

  #asked(recording: Recording): void {
    const { times, fleet } = this.#scenario;
    this.#recording.add(recording);
    const askedAtMs = this.#agenda.nowMs;
    const waitMs = fleet.hosts === undefined ? 0 : times.launchAfterMs;
    this.#agenda.after(waitMs, () => this.#ask(recording, askedAtMs, 0));
    if (fleet.hosts === undefined) return;
    this.#assignments.add(recording);
    this.#assign();
  }

  /** Hosts with room take what waits, a few each beside each other. */
  #assign(): void {
    for (const recording of this.#assignments) {
      const host = this.#service.withRoom(this.#random);
      if (host === undefined) return;
      this.#assignments.delete(recording);
      this.#claim(recording, host, host.take(this.#agenda.nowMs));
    }
  }

  #claim(recording: Recording, host: Host, { worker, isNew }: Taken): void {
    const { superviseCpuMs, claimCpuMs, bootCpuMs, takeMs } = this.#scenario.times;
    const claimed = (): void => {
      host.claimed();
      // A task was faster, or nobody waits for it any more.
      if (recording.isClaimed || recording.isOver) host.end(worker);
      else {
        recording.isClaimed = true;
        recording.at = { host, worker };
        this.#begin(recording, host.processor, { usage: host.usage, thread: worker });
      }
      this.#service.list(host);
    };
    const waited = (): void => this.#agenda.after(this.#about(takeMs), claimed);
    const cpuMs = claimCpuMs + (isNew ? bootCpuMs : 0);
    const { usage } = host;
    const given = (): void => this.#cpu(host.processor, cpuMs, waited, { usage, thread: worker });
    this.#cpu(host.processor, superviseCpuMs, given, { usage, thread: host });
  }

  /** `launch`: gets a task for what nobody has taken. */
  #ask(recording: Recording, askedAtMs: number, tries: number): void {
    const { times, load } = this.#scenario;
    if (recording.isClaimed || recording.isOver) return;
    this.#launchQueue.send((done) =>
      this.#agenda.after(this.#about(times.launchMs), () => {
        done();
        if (recording.isClaimed || recording.isOver) return;
        const { nowMs } = this.#agenda;
        if (tries === 0 && nowMs - askedAtMs < LEFT_TO_HOSTS_MS && this.#service.isWaitedFor) {
          this.#agenda.after(LOOK_AGAIN_MS, () => this.#ask(recording, askedAtMs, tries));
          return;
        }
        if (tries === 0) this.#service.oneMore();
        if (this.#fargate.runTask(this.#service.hosts.length)) {
          this.#agenda.after(this.#about(times.taskStartMs), () => this.#beginTask(recording));
          return;
        }
        const againMs = askedAgainMs(askedAtMs, this.#agenda.nowMs, tries, this.#random());
        if (againMs !== undefined && this.#agenda.nowMs < load.untilMs) {
          this.#agenda.after(againMs, () => this.#ask(recording, askedAtMs, tries + 1));
        } else this.#giveUp(recording);
      }),
    );
  }

  /** A host that has claimed it meanwhile has it; else the task does. */
  #beginTask(recording: Recording): void {
    const { times, fleet } = this.#scenario;
    const own = new Processor(this.#agenda, fleet.taskVcpus);
    const thread = {};
    const claimed = (): void => {
      if (recording.isClaimed || recording.isOver) this.#fargate.ended();
      else {
        recording.isClaimed = true;
        this.#assignments.delete(recording);
        this.#begin(recording, own, { thread });
      }
    };
    this.#cpu(own, times.taskBootCpuMs, claimed, { thread });
  }

  #giveUp(recording: Recording): void {
    recording.isOver = true;
    this.#recording.delete(recording);
    this.#assignments.delete(recording);
    this.#counts.givenUp += 1;
  }

  /** @param by the worker, or the task's own process */
  #begin(recording: Recording, processor: Processor, by: RunBy): void {
    const { times, requests } = this.#scenario;
    const isTask = recording.at === undefined;
    const began = (): void =>
      this.#agenda.after(this.#about(times.startWaitMs), () => {
        if (recording.isOver) {
          if (isTask) this.#fargate.ended();
          return;
        }
        recording.beganAtMs = this.#agenda.nowMs;
        this.#counts.recorded += 1;
        if (!isTask) this.#counts.hosted += 1;
        this.#latenciesMs.push(recording.beganAtMs - recording.askedAtMs);
        const { usage } = by;
        this.#cpu(processor, times.afterCpuMs, () => undefined, { usage });
        this.#cpu(processor, times.picturesCpuMs, () => undefined, { usage, givesWay: true });
        (this.#shared ?? processor).take(times.steadyCores);
        const perHour = isTask ? requests.dedicatedWritesPerHour : requests.hostedWritesPerHour;
        this.#storage.steady((perHour / HOUR_MS) * 1000);
      });
    const saved = (): void => this.#cpu(undefined, times.servicesCpuMs, began, { thread: this.#services });
    const opened = (): void => this.#cpu(processor, times.startCpuMs, saved, by);
    // ffmpeg is a process of its own.
    this.#cpu(processor, times.ffmpegCpuMs, opened, { usage: by.usage });
  }

  #stop(recording: Recording): void {
    const { requests } = this.#scenario;
    recording.isOver = true;
    this.#recording.delete(recording);
    this.#assignments.delete(recording);
    recording.at?.host.end(recording.at.worker);
    // One that had not begun failed: it was stopped before its first frame.
    if (recording.beganAtMs === undefined) {
      this.#counts.givenUp += 1;
      return;
    }
    const isHosted = recording.at !== undefined;
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
