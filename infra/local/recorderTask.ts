import path from 'node:path';
import type { TaskDefinition } from '../emulators/ecs/server.ts';
import { RECORDER_TASK, type Resource } from '../wiring.ts';

export interface RecorderTaskOptions {
  readonly resources: Readonly<Record<Resource, string>>;
  /** Credentials and endpoints, in the SDK's own variables. */
  readonly environment: Readonly<Record<string, string>>;
  readonly spoolFolder: string;
  readonly ffmpegPath: string | undefined;
}

const MAIN = path.resolve(import.meta.dirname, '..', '..', 'container', 'main.ts');

/** The recorder's task definition, as the wiring has it; the container is a process with the same entry point. */
export function recorderTaskDefinition(options: RecorderTaskOptions): TaskDefinition {
  const wired = Object.entries(RECORDER_TASK.environment).map(([variable, resource]) => [
    variable,
    options.resources[resource],
  ]);
  return {
    family: RECORDER_TASK.family,
    revision: 1,
    containerName: RECORDER_TASK.containerName,
    command: [process.execPath, ...RECORDER_TASK.nodeArguments, MAIN],
    environment: {
      ...options.environment,
      ...Object.fromEntries(wired),
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      SPOOL_DIR: options.spoolFolder,
      ...(options.ffmpegPath !== undefined && { FFMPEG_PATH: options.ffmpegPath }),
    },
    stopTimeoutMs: RECORDER_TASK.stopTimeoutSeconds * 1000,
    cpuUnits: RECORDER_TASK.cpuUnits,
    memoryMb: RECORDER_TASK.memoryMb,
  };
}
