import type { Status } from '../../typescript/client.ts';
import { byteCount, stretch } from '../format.ts';
import {
  ACTIVE_LOOKED_AT,
  type Advice,
  HOST_SILENT,
  isWorry,
  type Looked,
  lookedAt,
  QUEUE_ADVICE,
  RECONCILE_LATE,
  RECORDING_ADVICE,
  sinceMs,
} from '../healthModel.ts';
import { type HostSample, hostHistory, loadHistory, noteStatus } from '../loadModel.ts';
import { Graph, Spark } from '../pieces/graph.tsx';
import { Problem } from '../pieces/problem.tsx';
import { StatusBadge } from '../pieces/status.tsx';
import { Time } from '../pieces/time.tsx';
import { useNow, usePolled } from '../polled.ts';
import { recordingAddress } from '../route.ts';
import { client } from '../session.ts';

const EVERY_MS = 5_000;
/** Pages of recordings are looked at less often: each costs requests for as many recordings. */
const RECORDINGS_EVERY_MS = 15_000;
/** Reconcile runs every 5 minutes; a host says every few seconds that it is there. */
const RECONCILE_LATE_MS = 1_800_000;
const HOST_SILENT_MS = 30_000;
const WORRIES_SHOWN = 200;

export function Health() {
  const status = usePolled('health', EVERY_MS, async () => noteStatus(await client.status()));
  const looked = usePolled('health/recordings', RECORDINGS_EVERY_MS, () => lookedAt(client));
  const retry = async (): Promise<void> => {
    await Promise.all([status.reload(), looked.reload()]);
  };
  return (
    <>
      <h1>Health</h1>
      <Problem error={status.error ?? looked.error} onRetry={retry} />
      {status.value !== undefined && (
        <p>
          <strong>
            {status.value.moreActiveRecordings && 'More than '}
            {status.value.activeRecordings}
          </strong>{' '}
          recordings go on.
        </p>
      )}
      {looked.value !== undefined && <Worries looked={looked.value} />}
      {status.value !== undefined && <Deployment status={status.value} />}
    </>
  );
}

/** Recordings that have failed or are stuck, and what was looked at for them. */
function Worries({ looked }: { readonly looked: Looked }) {
  const nowMs = useNow(5_000);
  const worries = looked.recordings.filter((one) => isWorry(one, nowMs));
  return (
    <>
      <p class={worries.length === 0 ? 'empty' : 'muted'}>
        {worries.length === 0 && 'None has failed or is stuck. '}
        Looked at {looked.isActiveCut ? `the newest ${ACTIVE_LOOKED_AT}` : 'all'} of those that go on, and at
        the newest {looked.newest}.
        {looked.isNewestCut && (
          <>
            {' '}
            Older ones: <a href="#/library?status=failed">failed</a>,{' '}
            <a href="#/library?status=processing">processing</a>.
          </>
        )}
      </p>
      <ul class="list">
        {worries.slice(0, WORRIES_SHOWN).map((one) => (
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
      {worries.length > WORRIES_SHOWN && <p>{worries.length - WORRIES_SHOWN} more are like that.</p>}
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

/** There is no half a recording, also on an axis. */
const whole = (value: number): string => (Number.isInteger(value) ? String(value) : '');

/** What goes on and what waits, since the page was opened. */
function LoadGraph() {
  const samples = loadHistory();
  return (
    <Graph
      title="Since this page was opened"
      atMs={samples.map(({ atMs }) => atMs)}
      lines={[
        { label: 'recordings', unit: 'recordings', values: samples.map((one) => one.recordings), say: whole },
        {
          label: 'waiting in queues',
          unit: 'messages',
          values: samples.map((one) => one.waiting),
          say: whole,
        },
      ]}
    />
  );
}

const MEASURED = [
  { label: 'vCPU', read: (one: HostSample) => one.vcpu, say: (value: number) => value.toFixed(2) },
  { label: 'memory', read: (one: HostSample) => one.memoryBytes, say: byteCount },
  {
    label: 'disk',
    read: (one: HostSample) => one.diskPercent,
    say: (value: number) => `${Math.round(value)} %`,
  },
] as const;

/** Hosts, queues, and what was mended: what is not as it should be says what to do. */
function Deployment({ status }: { status: Status }) {
  const atMs = Date.parse(status.at);
  const { reconciled } = status;
  const mended = Object.entries(reconciled?.mended ?? {}).filter(([, count]) => count > 0);
  const isLate = reconciled !== undefined && atMs - Date.parse(reconciled.at) > RECONCILE_LATE_MS;
  return (
    <>
      <LoadGraph />
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
            {MEASURED.map(({ label, read, say }) => (
              <div key={label} class="measured">
                <Spark
                  label={label}
                  samples={hostHistory(host.hostId).map((one) => ({ atMs: one.atMs, value: read(one) }))}
                  say={say}
                />
                <small class="muted">{label}</small>
              </div>
            ))}
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
