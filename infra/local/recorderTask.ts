import { availableParallelism, totalmem } from 'node:os';
import type { TaskDefinition } from '../emulators/ecs/server.ts';
import type { ServiceSpec } from '../emulators/ecs/service.ts';
import { HOST_TASK, MERGE_TASK, RECORDER_TASK, type Resource } from '../wiring.ts';
import { COMPILE_CACHE } from './compileCache.ts';
import { taskRoleArns } from './roles.ts';

export interface RecorderTaskOptions {
  /** `container/main.ts`, bundled as in the image. */
  readonly file: string;
  readonly resources: Readonly<Record<Resource, string>>;
  /** Credentials of a task's role, by its family, and endpoints, in the SDK's own variables. */
  readonly environment: (family: string) => Readonly<Record<string, string>>;
  readonly spoolFolder: string;
  readonly ffmpegPath: string | undefined;
  /** For Node, beside those of the image. */
  readonly nodeArguments: readonly string[];
}

/** The recorder's task definition, as the wiring has it; the container is a process with the same entry point. */
export function recorderTaskDefinition(options: RecorderTaskOptions): TaskDefinition {
  return definition(RECORDER_TASK, options, [], {});
}

/** A host's: the same image, told to be a host. It may use as much as this machine has. */
export function hostTaskDefinition(options: RecorderTaskOptions): TaskDefinition {
  return definition(HOST_TASK, options, HOST_TASK.command, {
    HOST_CPU_UNITS: String(1024 * availableParallelism()),
    HOST_MEMORY_MB: String(Math.floor(totalmem() / 1024 ** 2)),
    MAX_RECORDINGS: String(HOST_TASK.maxRecordings),
  });
}

/** What composes merges: the same image again. */
export function mergeTaskDefinition(options: RecorderTaskOptions): TaskDefinition {
  return definition(MERGE_TASK, options, MERGE_TASK.command, {});
}

/** The service that keeps hosts. */
export function hostService(hosts: number): ServiceSpec[] {
  if (hosts === 0) return [];
  return [{ name: HOST_TASK.serviceName, taskDefinition: HOST_TASK.family, desiredCount: hosts }];
}

function definition(
  task: typeof RECORDER_TASK | typeof HOST_TASK | typeof MERGE_TASK,
  options: RecorderTaskOptions,
  role: readonly string[],
  more: Readonly<Record<string, string>>,
): TaskDefinition {
  const wired = Object.entries(task.environment).map(([variable, resource]) => [
    variable,
    options.resources[resource],
  ]);
  return {
    family: task.family,
    revision: 1,
    containerName: task.containerName,
    command: [
      process.execPath,
      ...RECORDER_TASK.nodeArguments,
      ...options.nodeArguments,
      options.file,
      ...role,
    ],
    environment: {
      ...options.environment(task.family),
      ...Object.fromEntries(wired),
      ...more,
      ...RECORDER_TASK.processEnvironment,
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      NODE_COMPILE_CACHE: COMPILE_CACHE,
      SPOOL_DIR: options.spoolFolder,
      ...(options.ffmpegPath !== undefined && { FFMPEG_PATH: options.ffmpegPath }),
    },
    roleArns: taskRoleArns(task.family),
    stopTimeoutMs: RECORDER_TASK.stopTimeoutSeconds * 1000,
    cpuUnits: task.cpuUnits,
    memoryMb: task.memoryMb,
  };
}
