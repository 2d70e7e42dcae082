import type { RecordingSummary, Status } from '../../typescript/client.ts';
import { byteCount, stretch } from '../format.ts';
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

/** What a queue that is not empty means, where that is anybody's business. */
const QUEUE_ADVICE: Readonly<Record<string, string>> = {
  relocationDeadLetters: 'Records that could not be moved to the library: npm run redrive tries them again.',
};
/** Reconcile runs every 5 minutes; a host says every few seconds that it is there. */
const RECONCILE_LATE_MS = 1_800_000;
const HOST_SILENT_MS = 30_000;

async function load() {
  const [status, newest] = await Promise.all([client.status(), client.recordings({ limit: '100' })]);
  return { status, recordings: newest.recordings };
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
          <strong>{found.value.status.activeRecordings}</strong> recordings go on. Looked at the newest{' '}
          {found.value.recordings.length}.
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
      {found.value !== undefined && <Deployment status={found.value.status} />}
    </>
  );
}

/** Hosts, queues, and what was mended: what is not as it should be says what to do. */
function Deployment({ status }: { status: Status }) {
  const atMs = Date.parse(status.at);
  const { reconciled } = status;
  const mended = Object.entries(reconciled?.mended ?? {}).filter(([, count]) => count > 0);
  const isLate = reconciled !== undefined && atMs - Date.parse(reconciled.at) > RECONCILE_LATE_MS;
  return (
    <>
      <h2>Queues</h2>
      <ul class="list">
        {status.queues.map(({ name, waiting, inFlight, delayed }) => (
          <li key={name}>
            <span class="name">{name}</span>
            <span>
              {waiting} waiting, {inFlight + delayed} under way
            </span>
            {waiting > 0 && <span class="muted">{QUEUE_ADVICE[name]}</span>}
          </li>
        ))}
      </ul>
      <h2>Hosts</h2>
      {status.hosts.length === 0 && <p class="empty">None: each recording has a task of its own.</p>}
      <ul class="list">
        {status.hosts.map((host) => (
          <li key={host.hostId}>
            <span class="name" title={host.hostId}>
              {host.hostId}
            </span>
            <span>
              {host.recordings} recordings, {(host.cpuUnits / 1024).toFixed(2)} vCPU,{' '}
              {byteCount(host.memoryBytes)}, disk {host.diskPercent} %
            </span>
            <span class="muted">
              {atMs - Date.parse(host.at) > HOST_SILENT_MS
                ? 'It has not said for a while that it is there: what it carried goes on elsewhere.'
                : host.full}
            </span>
          </li>
        ))}
      </ul>
      <h2>Mended</h2>
      {reconciled === undefined ? (
        <p class="empty">Reconcile has not run yet; it does every 5 minutes.</p>
      ) : (
        <p>
          Last run <Time iso={reconciled.at} />:{' '}
          {mended.length === 0
            ? 'nothing was to be mended'
            : mended.map(([kind, n]) => `${kind} ${n}`).join(', ')}
          .{isLate && ' It is late: nothing mends what events have missed. Look at its log.'}
        </p>
      )}
    </>
  );
}
