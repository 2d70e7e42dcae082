import type { RecordingSummary } from '../../typescript/client.ts';
import { stretch } from '../format.ts';
import { Problem } from '../pieces/problem.tsx';
import { StatusBadge } from '../pieces/status.tsx';
import { Time } from '../pieces/time.tsx';
import { useNow, usePolled } from '../polled.ts';
import { recordingAddress } from '../route.ts';
import { client } from '../session.ts';

const EVERY_MS = 5_000;
/** Longer than any of these takes where all is well. */
const SLOW_MS: Partial<Record<RecordingSummary['status'], number>> = {
  starting: 120_000,
  interrupted: 180_000,
  stopping: 180_000,
  processing: 900_000,
};

/** What would worry an operator, each with what to do about it. */
const ADVICE: Partial<Record<RecordingSummary['status'], string>> = {
  starting: 'No recorder has begun. Look at the ECS task’s stopped reason and the account’s Fargate quota.',
  interrupted:
    'No further attempt has begun. Reconcile launches one within 5 minutes; look at its log if not.',
  stopping: 'The recorder does not end. Reconcile repeats the stop; look at the task’s log.',
  processing:
    'The record is not in the library. Look at the relocation queue’s dead letters: npm run redrive.',
  failed: 'Its reason says why. What was recorded before is kept.',
};

async function load() {
  const [health, newest] = await Promise.all([client.health(), client.recordings({ limit: '100' })]);
  return { health, recordings: newest.recordings };
}

export function Health() {
  const found = usePolled('health', EVERY_MS, load);
  const nowMs = useNow(5_000);
  const worries = (found.value?.recordings ?? []).filter(({ status, requestedAt, stopRequestedAt }) => {
    const sinceMs = nowMs - Date.parse(stopRequestedAt ?? requestedAt);
    return status === 'failed' || sinceMs > (SLOW_MS[status] ?? Number.POSITIVE_INFINITY);
  });
  return (
    <>
      <h1>Health</h1>
      <Problem error={found.error} onRetry={found.reload} />
      {found.value !== undefined && (
        <p>
          The API reads its state: <strong>{found.value.health.status}</strong>. Looked at the newest{' '}
          {found.value.recordings.length} recordings.
        </p>
      )}
      {found.value !== undefined && worries.length === 0 && (
        <p class="empty">None of them has failed or is stuck.</p>
      )}
      <ul class="list">
        {worries.map((one) => (
          <li key={one.recordingId}>
            <StatusBadge status={one.status} />
            <a class="name" href={recordingAddress(one.recordingId)} title={one.streamName}>
              {one.streamName}
            </a>
            <Time iso={one.requestedAt} />
            <span>
              {one.status === 'failed'
                ? one.reason?.message
                : `for ${stretch(nowMs - Date.parse(one.stopRequestedAt ?? one.requestedAt))}`}
            </span>
            <span class="muted">{ADVICE[one.status]}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
