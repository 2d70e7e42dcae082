import { TaskJournal } from '../emulators/ecs/taskJournal.ts';
import { type Denial, denialMessage } from '../emulators/shared/access.ts';
import type { Closers } from './closers.ts';
import { DataFolder } from './dataFolder.ts';
import { Roles } from './roles.ts';
import type { RuntimeOptions } from './runtimeOptions.ts';
import { webhookSecretArn } from './secretArns.ts';
import { webhookName } from './webhookSettings.ts';

export type Log = (level: string, message: string, more?: object) => void;

/** Whoever lacks a right may ask again for days; the log has all. */
const DENIALS_KEPT = 1_000;

/** What every part stands on. */
export interface Ground {
  readonly options: RuntimeOptions;
  readonly data: DataFolder;
  readonly tasks: TaskJournal;
  readonly roles: Roles;
  /** The first requests that were refused for want of a right. */
  readonly denials: readonly Denial[];
  readonly log: Log;
  readonly onLog: (source: string, line: string) => void;
  readonly onDefect: (error: unknown) => void;
  /** What is started is closed in the opposite order. */
  readonly closers: Closers;
}

/** @throws StartError when another runtime has the data folder */
export function openGround(options: RuntimeOptions, closers: Closers): Ground {
  const { onLog = () => undefined } = options;
  const log: Log = (level, message, more = {}) =>
    onLog('runtime', JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...more }));
  const onDefect = (error: unknown): void =>
    log('ERROR', 'defect of the local runtime', {
      error: error instanceof Error ? error.stack : String(error),
    });
  const data = new DataFolder(options.dataDir);
  closers.add(() => data.release());
  const tasks = new TaskJournal(data.file('tasks.json'));
  closers.add(() => tasks.close());
  data.clearWork();
  const denials: Denial[] = [];
  const roles = new Roles({
    administrator: data.credentials(),
    sourceSecrets: Object.keys(options.sourceSecrets ?? {}),
    webhooks: (options.webhooks ?? []).map((webhook) => ({
      name: webhookName(webhook),
      secretArn: webhookSecretArn(webhook),
    })),
    statementsOf: options.statementsOf,
    onDenied: (denial) => {
      if (denials.length < DENIALS_KEPT) denials.push(denial);
      log('ERROR', 'a request was denied: its role lacks a right', { denied: denialMessage(denial) });
    },
  });
  return { options, data, tasks, roles, denials, log, onLog, onDefect, closers };
}
