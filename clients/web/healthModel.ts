import type { RecorderClient, RecordingSummary } from '../typescript/client.ts';
import { activeRecordings, PAGE, upTo } from './nowModel.ts';

type Status = RecordingSummary['status'];

/** What to do, and the section of docs/operations.md that says more. */
export interface Advice {
  readonly text: string;
  readonly section: string;
}

/** Longer than any of these takes where all is well. */
const SLOW_MS: Partial<Record<Status, number>> = {
  starting: 120_000,
  interrupted: 180_000,
  stopping: 180_000,
  processing: 900_000,
};

const STUCK = 'Stuck recordings';
export const RECORDING_ADVICE: Partial<Record<Status, Advice>> = {
  starting: {
    text: 'No recorder has begun. Look at the ECS task’s stopped reason and the account’s Fargate quota.',
    section: STUCK,
  },
  interrupted: {
    text: 'No further attempt has begun. Reconcile launches one within 5 minutes; look at its log if not.',
    section: STUCK,
  },
  stopping: {
    text: 'The recorder does not end. Reconcile repeats the stop; look at the task’s log.',
    section: STUCK,
  },
  processing: {
    text: 'The record is not in the library. Look at the relocation queue’s dead letters: npm run redrive.',
    section: 'RecordsNotMoved',
  },
  failed: {
    text: 'Its reason says why. What was recorded before is kept.',
    section: 'RecordingsFailed',
  },
};

/** What a queue that does not become empty means. */
export const QUEUE_ADVICE: Readonly<Record<string, Advice>> = {
  relocation: {
    text: 'Records on their way to the library. Where the number stays, moves fail: look at relocate’s log.',
    section: 'RecordsMoveLate',
  },
  relocationDeadLetters: {
    text: 'Records that could not be moved to the library: npm run redrive tries them again.',
    section: 'RecordsNotMoved',
  },
  launch: {
    text: 'Recordings that no host has taken yet. Where the number stays, no recorder is launched: look at its log.',
    section: 'LaunchErrors',
  },
  settle: {
    text: 'Recordings whose recorder is gone. Where the number stays, they go on nowhere: look at settle’s log.',
    section: 'SettleErrors',
  },
};

export const HOST_SILENT: Advice = {
  text: 'It has not said for a while that it is there: what it carried goes on elsewhere.',
  section: 'A host that was taken for gone',
};
export const RECONCILE_LATE: Advice = {
  text: 'It is late: nothing mends what events have missed. Look at its log.',
  section: 'ReconcileNotRunning',
};

/** How long a recording has been as it is, from the stop on where one was asked. */
export function sinceMs(one: RecordingSummary, nowMs: number): number {
  return nowMs - Date.parse(one.stopRequestedAt ?? one.requestedAt);
}

export function isWorry(one: RecordingSummary, nowMs: number): boolean {
  return one.status === 'failed' || sinceMs(one, nowMs) > (SLOW_MS[one.status] ?? Number.POSITIVE_INFINITY);
}

/** Of those that go on, and of all: what has failed, or is on its way, is seldom older than these. */
export const ACTIVE_LOOKED_AT = 1_000;
const NEWEST_LOOKED_AT = 300;

/** Recordings that were looked at for what would worry an operator. */
export interface Looked {
  readonly recordings: readonly RecordingSummary[];
  readonly isActiveCut: boolean;
  /** How many of all, the newest ones; and whether there are others. */
  readonly newest: number;
  readonly isNewestCut: boolean;
}

export async function lookedAt(client: Pick<RecorderClient, 'recordings'>): Promise<Looked> {
  const [active, newest] = await Promise.all([
    activeRecordings(client, ACTIVE_LOOKED_AT),
    upTo(NEWEST_LOOKED_AT, async (next) => {
      const page = await client.recordings({ limit: String(PAGE), ...next });
      return { items: page.recordings, nextToken: page.nextToken };
    }),
  ]);
  const all = new Map([...active.items, ...newest.items].map((one) => [one.recordingId, one]));
  return {
    // Ids are in the order of time.
    recordings: [...all.values()].sort((a, b) => (a.recordingId < b.recordingId ? 1 : -1)),
    isActiveCut: active.isCut,
    newest: newest.items.length,
    isNewestCut: newest.isCut,
  };
}
