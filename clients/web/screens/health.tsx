import type { Status } from '../../typescript/client.ts';
import { byteCount, stretch } from '../format.ts';
import {
  type Advice,
  HOST_SILENT,
  isWorry,
  QUEUE_ADVICE,
  RECONCILE_LATE,
  RECORDING_ADVICE,
  sinceMs,
} from '../healthModel.ts';
import { Problem } from '../pieces/problem.tsx';
import { StatusBadge } from '../pieces/status.tsx';
import { Time } from '../pieces/time.tsx';
import { useNow, usePolled } from '../polled.ts';
import { recordingAddress } from '../route.ts';
import { client } from '../session.ts';

const EVERY_MS = 5_000;
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
  const worries = (found.value?.recordings ?? []).filter((one) => isWorry(one, nowMs));
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
              {one.status === 'failed' ? one.reason?.message : `for ${stretch(sinceMs(one, nowMs))}`}
            </span>
            <AdviceText advice={RECORDING_ADVICE[one.status]} />
          </li>
        ))}
      </ul>
      {found.value !== undefined && <Deployment status={found.value.status} />}
    </>
  );
}

/** What to do; where to read on is a file of the deployment's own code, which has no address here. */
function AdviceText({ advice }: { readonly advice: Advice | undefined }) {
  if (advice === undefined) return null;
  return (
    <span class="muted">
      {advice.text} More in docs/operations.md, “{advice.section}”.
    </span>
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
            {waiting > 0 && <AdviceText advice={QUEUE_ADVICE[name]} />}
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
            {atMs - Date.parse(host.at) > HOST_SILENT_MS ? (
              <AdviceText advice={HOST_SILENT} />
            ) : (
              <span class="muted">{host.full}</span>
            )}
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
          . <AdviceText advice={isLate ? RECONCILE_LATE : undefined} />
        </p>
      )}
      <h2>Versions</h2>
      <p>
        Stream Recorder {status.version}, API {status.apiVersion}
      </p>
    </>
  );
}
