import { HOST_LOAD_METRIC } from '../functions/core/metrics/hostMetrics.ts';
import { ANNOUNCE_GRANTS } from './wiringGrants.ts';
import type { Grant, Resource } from './wiringTypes.ts';

/** What records: dedicated tasks, and hosts; and what composes merges. A part of the wiring (./wiring.ts). */

const state = (...folders: string[]): string[] => folders.map((folder) => `state/${folder}/*`);

/** The recorder's task: its own environment holds no secret; overrides add recording, attempt and bucket. */
export const RECORDER_TASK = {
  containerName: 'recorder',
  family: 'stream-recorder',
  /** Fargate's maximum: the time a recorder has to finish its part after SIGTERM. */
  stopTimeoutSeconds: 120,
  cpuUnits: 256,
  memoryMb: 512,
  /**
   * V8 sizes its heap by the machine, and lets garbage lie accordingly: 30 MB more on a large one. What lives in it are
   * 17 to 25 MB. Buffers lie outside of it and count as growth of it, unless they are counted where they lie: V8 else looks
   * through all of it after each 10 MB of them. SIGUSR1 else opens a debugger for everybody who reaches loopback. The image
   * has the same ones.
   */
  nodeArguments: [
    '--max-semi-space-size=2',
    '--max-old-space-size=256',
    '--external-memory-accounted-in-global-limit',
    '--disable-sigusr1',
  ],
  /**
   * glibc raises this bound to the largest block that was ever freed, and then keeps buffers of 8 MiB between small blocks
   * that live on: a third of what a worker had. Above the bound a block goes back to the system when it is freed.
   */
  processEnvironment: { MALLOC_MMAP_THRESHOLD_: String(512 * 1024) },
  environment: { EVENT_BUS_NAME: 'eventBusName', LAUNCH_QUEUE_URL: 'launchQueueUrl' },
  grants: [
    {
      on: 'landing',
      actions: ['s3:PutObject', 's3:GetObject', 's3:AbortMultipartUpload'],
      keys: ['records/*'],
    },
    { on: 'landing', actions: ['s3:GetObject', 's3:PutObject'], keys: state('locks') },
    ...ANNOUNCE_GRANTS,
    // Tails: recorders of version 0.1, which go on through an upgrade.
    {
      on: 'landing',
      actions: ['s3:PutObject', 's3:DeleteObject'],
      keys: state('journal', 'tails', 'writing'),
    },
    { on: 'landing', actions: ['s3:GetObject'], keys: state('sessions') },
    // The host of a recording that this one takes the place of, or goes on with.
    { on: 'landing', actions: ['s3:GetObject', 's3:PutObject'], keys: state('hosts') },
    { on: 'landing', list: state('recordings', 'hosts') },
    { on: 'sourceSecrets', actions: ['secretsmanager:GetSecretValue'] },
    // The next attempt, before this task is taken away.
    { on: 'queue', queue: 'launch', actions: ['sqs:SendMessage'] },
  ],
} as const satisfies {
  readonly environment: Readonly<Record<string, Resource>>;
  readonly grants: readonly Grant[];
  readonly [setting: string]: unknown;
};

/** A host writes it into its spool as long as it looks for recordings (container/host/supervisor.ts). */
const ALIVE_FILE = 'alive';
const ALIVE_WITHIN_MS = 60_000;

/** For Node's `-e`: ends with 1 where a host has not looked for recordings lately. Loading the recorder would cost more. */
export function aliveScript(spoolFolder: string): string {
  const file = JSON.stringify(`${spoolFolder}/${ALIVE_FILE}`);
  return `process.exit(Date.now()-require('fs').statSync(${file}).mtimeMs<${ALIVE_WITHIN_MS}?0:1)`;
}

/** A host: a task of a service that carries many recordings, by the recorder's image. */
export const HOST_TASK = {
  containerName: 'host',
  family: 'stream-recorder-host',
  serviceName: 'hosts',
  /** After the image's entry point. */
  command: ['host'],
  cpuUnits: 1024,
  memoryMb: 2048,
  maxRecordings: 40,
  /** Percent of its room that a host uses. */
  loadMetric: HOST_LOAD_METRIC,
  environment: {
    EVENT_BUS_NAME: 'eventBusName',
    LANDING_BUCKET: 'landingBucket',
    ASSIGNMENTS_QUEUE_URL: 'assignmentsQueueUrl',
    SETTLE_QUEUE_URL: 'settleQueueUrl',
    LAUNCH_QUEUE_URL: 'launchQueueUrl',
  },
  grants: [
    ...RECORDER_TASK.grants,
    {
      on: 'landing',
      actions: ['s3:DeleteObject'],
      keys: state('hosts'),
    },
    // Where in its journal what a dead worker left is to go.
    { on: 'landing', list: state('journal') },
    {
      on: 'queue',
      queue: 'assignments',
      actions: ['sqs:SendMessage', 'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'],
    },
    { on: 'queue', queue: 'settle', actions: ['sqs:SendMessage'] },
    // By the agent's endpoint, with the task's own role: nobody ends it while it carries recordings.
    { on: 'recorderTask', actions: ['ecs:UpdateTaskProtection'] },
  ],
} as const satisfies {
  readonly environment: Readonly<Record<string, Resource>>;
  readonly grants: readonly Grant[];
  readonly [setting: string]: unknown;
};

/** Composes a room's recordings into one picture, or one sound, by the recorder's image; its override adds the merge. */
export const MERGE_TASK = {
  containerName: 'merge',
  family: 'stream-recorder-merge',
  /** After the image's entry point. */
  command: ['merge'],
  /** It decodes and encodes. */
  cpuUnits: 4096,
  memoryMb: 8192,
  environment: { LANDING_BUCKET: 'landingBucket' },
  grants: [
    {
      on: 'landing',
      actions: ['s3:PutObject', 's3:GetObject', 's3:AbortMultipartUpload'],
      keys: ['records/*'],
    },
    { on: 'landing', actions: ['s3:GetObject', 's3:PutObject'], keys: state('recordings') },
    // What a task left that was taken away.
    { on: 'landing', actions: ['s3:DeleteObject'], keys: ['state/recordings/*/parts/*'] },
    { on: 'landing', actions: ['s3:GetObject'], keys: state('rooms/mergeJobs') },
    {
      on: 'landing',
      actions: ['s3:PutObject'],
      keys: ['progress', 'failure'].map((file) => `state/rooms/mergeJobs/*/${file}.json`),
    },
    { on: 'landing', list: state('recordings') },
    { on: 'library', actions: ['s3:GetObject', 's3:GetObjectVersion'], keys: ['*'] },
    // Of a record that is gone S3 says so to those alone who may list; others hear that they may not read it.
    { on: 'library', list: ['*'] },
  ],
} as const satisfies {
  readonly environment: Readonly<Record<string, Resource>>;
  readonly grants: readonly Grant[];
  readonly [setting: string]: unknown;
};
