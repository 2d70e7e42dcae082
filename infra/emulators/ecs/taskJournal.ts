import { mkdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { processOwner } from '../shared/processOwner.ts';
import type { TaskView } from './taskEvents.ts';

/** A task that was alive when the endpoint was, and its process. */
interface Entry {
  readonly task: TaskView<string>;
  readonly process?: string;
}

/** A task whose endpoint was killed: it has gone with it, as with a lost host. */
export interface LostTask {
  readonly task: TaskView<string>;
  /** When the endpoint was last seen alive. */
  readonly lostAt: Date;
}

/** What ECS shows of a task whose host was lost. */
export function stoppedView({ task, lostAt }: LostTask, now: Date): TaskView<string> {
  const { stopCode = 'TerminationNotice', stoppedReason = 'The host was lost.' } = task;
  return {
    ...task,
    containers: task.containers.map((container) => ({ ...container, lastStatus: 'STOPPED' as const })),
    lastStatus: 'STOPPED',
    desiredStatus: 'STOPPED',
    ...{ stopCode, stoppedReason },
    executionStoppedAt: task.executionStoppedAt ?? lostAt.toISOString(),
    stoppedAt: now.toISOString(),
    version: task.version + 1,
  };
}

const ALIVE_EVERY_MS = 1_000;

/** The tasks that have not stopped, on disk: what is there when the endpoint begins was lost with the one before. */
export class TaskJournal {
  readonly #file: string;
  readonly #entries = new Map<string, Entry>();
  readonly lost: readonly LostTask[];
  readonly #alive: NodeJS.Timeout;

  /** Kills what is left of the tasks that it finds. */
  constructor(file: string) {
    this.#file = file;
    mkdirSync(path.dirname(file), { recursive: true });
    const found = readEntries(file);
    for (const entry of found.entries) kill(entry);
    // It went after the last sign, and before the next one: what was saved in between was saved while it lived.
    const lostAt = new Date(Math.min(Date.now(), found.aliveAt.getTime() + ALIVE_EVERY_MS));
    this.lost = found.entries.map(({ task }) => ({ task, lostAt }));
    for (const entry of found.entries) this.#entries.set(entry.task.taskArn, entry);
    this.#alive = setInterval(() => this.#touch(), ALIVE_EVERY_MS);
    this.#alive.unref();
  }

  /** Told of each change of a task; @param pid of its process, which leads a group */
  changed(task: TaskView<string>, pid: number | undefined): void {
    if (task.lastStatus === 'STOPPED') {
      this.forget(task);
      return;
    }
    const owner = pid === undefined ? '' : processOwner(pid);
    this.#entries.set(task.taskArn, { task, ...(owner === '' ? {} : { process: owner }) });
    this.#write();
  }

  /** Its end has been told. */
  forget({ taskArn }: TaskView<string>): void {
    if (this.#entries.delete(taskArn)) this.#write();
  }

  close(): void {
    clearInterval(this.#alive);
  }

  #touch(): void {
    if (this.#entries.size === 0) return;
    const now = new Date();
    utimesSync(this.#file, now, now);
  }

  #write(): void {
    const whole = `${this.#file}.new`;
    writeFileSync(whole, JSON.stringify([...this.#entries.values()]));
    renameSync(whole, this.#file);
  }
}

function readEntries(file: string): { readonly entries: readonly Entry[]; readonly aliveAt: Date } {
  try {
    return {
      entries: JSON.parse(readFileSync(file, 'utf8')) as Entry[],
      aliveAt: statSync(file).mtime,
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { entries: [], aliveAt: new Date() };
    throw error;
  }
}

/** The group of a process that is still the same one. */
function kill({ process: owner }: Entry): void {
  const pid = Number(owner?.split(' ')[0]);
  if (owner === undefined || processOwner(pid) !== owner) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
