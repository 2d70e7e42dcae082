import { HOST_TASK, QUEUES, RECORDER_TASK } from '../../infra/wiring.ts';

/** What callers ask for. */
export interface Load {
  /** Recordings that are started, at random moments of `overMs`. */
  readonly recordings: number;
  readonly overMs: number;
  /** When all are stopped. */
  readonly untilMs: number;
  /** All begin a new part at once, this often. */
  readonly rotateEveryMs: number;
}

/** What a deployment has. Hosts are those that stand from the start, and those that there may be. */
export interface Fleet {
  readonly hosts: { readonly min: number; readonly max: number; readonly maxRecordings: number } | undefined;
  readonly hostVcpus: number;
  readonly hostMemoryMb: number;
  readonly taskVcpus: number;
  /** Records that are moved at a time. */
  readonly movesAtOnce: number;
  /** Calls of the API at a time, beside the account's concurrency. */
  readonly apiAtOnce: number;
  /** Calls of `launch` at a time. */
  readonly launchesAtOnce: number;
  /**
   * Cores that hosts, tasks and functions share, where all run on one machine. Undefined: each has its own, as in AWS.
   */
  readonly sharedCores?: number;
}

/** AWS's limits; docs/aws-facts.md has the source of each. */
export interface Quotas {
  readonly runTaskPerSecond: number;
  readonly launchBurst: number;
  readonly launchesPerSecond: number;
  /** Tasks that a service may launch. */
  readonly serviceLaunchesPerMinute: number;
  readonly fargateVcpus: number;
  readonly lambdaConcurrency: number;
  /** Of the queue's pollers: at the begin, and more in each minute. */
  readonly pollersFirst: number;
  readonly pollersPerMinute: number;
  /** Of one partition of S3. */
  readonly s3WritesPerSecond: number;
  /** Partitions that S3 has made of landing by then. */
  readonly s3Partitions: number;
}

/** How long things take, and what they cost in CPU. Each is a mean; those in AWS vary by half in both directions. */
export interface Times {
  readonly apiMs: number;
  readonly apiCpuMs: number;
  /** What a claim waits for: the queue, and S3. A host makes few beside each other. */
  readonly takeMs: number;
  /** CPU of a claim, in the host's supervisor: one thread. */
  readonly superviseCpuMs: number;
  /** CPU of a claim, in the worker, whose recordings share one thread. */
  readonly claimCpuMs: number;
  /** CPU of a worker's own beginning: a host starts one for each ten recordings. */
  readonly bootCpuMs: number;
  /** CPU of a task's own beginning, as far as it is not in `taskStartMs`. */
  readonly taskBootCpuMs: number;
  /** CPU of ffmpeg up to the first frame, in a process of its own. */
  readonly ffmpegCpuMs: number;
  /** CPU of what the worker does with it, from the claim to the first frame. */
  readonly startCpuMs: number;
  /** CPU of S3 and queues in each half of a start, in one thread, where they are emulated. */
  readonly servicesCpuMs: number;
  /** What a start waits for besides: the source, S3. */
  readonly startWaitMs: number;
  /** CPU that a start brings with it once there is a frame: its first fragments, `launch` that finds it claimed. */
  readonly afterCpuMs: number;
  /** CPU of its first pictures, which give way to all else. */
  readonly picturesCpuMs: number;
  /** Of a recording that goes on. */
  readonly steadyCores: number;
  /** A host waits so long for others to take a recording (functions/aws/queues.ts). */
  readonly launchAfterMs: number;
  readonly launchMs: number;
  /** From RunTask to a recorder that runs. */
  readonly taskStartMs: number;
  readonly moveMs: number;
}

/** Requests to S3 that are billed as writes, and those that are billed as reads. */
export interface Requests {
  readonly hostedWritesPerHour: number;
  readonly hostedReadsPerHour: number;
  readonly dedicatedWritesPerHour: number;
  readonly dedicatedReadsPerHour: number;
  /** At the end of a part, by whoever records. */
  readonly partWrites: number;
  readonly moveWrites: number;
  readonly moveReads: number;
}

export interface Scenario {
  readonly seed: number;
  readonly load: Load;
  readonly fleet: Fleet;
  readonly quotas: Quotas;
  readonly times: Times;
  readonly requests: Requests;
}

export const HOUR_MS = 3_600_000;
export const MINUTE_MS = 60_000;

/** Defaults of a new account that has asked for vCPUs; those that cannot be raised are AWS's. */
export const DEFAULT_QUOTAS: Quotas = {
  runTaskPerSecond: 20,
  launchBurst: 100,
  launchesPerSecond: 20,
  serviceLaunchesPerMinute: 500,
  fargateVcpus: Number.POSITIVE_INFINITY,
  lambdaConcurrency: 1_000,
  pollersFirst: 5,
  pollersPerMinute: 300,
  s3WritesPerSecond: 3_500,
  s3Partitions: 1,
};

/** CPU as bench/README.md measured it, on a machine that was not idle; Fargate's launch as its users report it. */
export const DEFAULT_TIMES: Times = {
  apiMs: 150,
  apiCpuMs: 0,
  takeMs: 120,
  superviseCpuMs: 45,
  claimCpuMs: 100,
  bootCpuMs: 400,
  taskBootCpuMs: 0,
  ffmpegCpuMs: 150,
  startCpuMs: 110,
  servicesCpuMs: 0,
  startWaitMs: 700,
  afterCpuMs: 100,
  picturesCpuMs: 150,
  steadyCores: 0.02,
  launchAfterMs: 3_000,
  launchMs: 300,
  taskStartMs: 35_000,
  moveMs: 10_000,
};

/** Of a stream of 4 Mbit/s: docs/cost.md. */
export const DEFAULT_REQUESTS: Requests = {
  hostedWritesPerHour: 485,
  hostedReadsPerHour: 350,
  dedicatedWritesPerHour: 2_255,
  dedicatedReadsPerHour: 1_800,
  partWrites: 9,
  moveWrites: 6,
  moveReads: 10,
};

export const DEFAULT_FLEET: Fleet = {
  hosts: undefined,
  hostVcpus: HOST_TASK.cpuUnits / 1024,
  hostMemoryMb: HOST_TASK.memoryMb,
  taskVcpus: RECORDER_TASK.cpuUnits / 1024,
  movesAtOnce: 100,
  apiAtOnce: Number.POSITIVE_INFINITY,
  launchesAtOnce: QUEUES.launch.maxConcurrency,
};
