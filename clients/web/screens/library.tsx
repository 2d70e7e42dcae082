import { downloadZip } from 'client-zip';
import { useState } from 'preact/hooks';
import { ApiError, type RecordingSummary } from '../../typescript/client.ts';
import { dayOf } from '../format.ts';
import { Action } from '../pieces/action.tsx';
import { Poster } from '../pieces/poster.tsx';
import { Problem } from '../pieces/problem.tsx';
import { StatusBadge } from '../pieces/status.tsx';
import { Time } from '../pieces/time.tsx';
import { usePolled } from '../polled.ts';
import { libraryAddress, recordingAddress } from '../route.ts';
import { client } from '../session.ts';

const STATUSES = [
  'available',
  'failed',
  'processing',
  'recording',
  'starting',
  'interrupted',
  'stopping',
] as const;
const PAGE = '50';
const EVERY_MS = 1_500;

/** Pages after the first one, as they were asked for. */
interface Older {
  readonly key: string;
  readonly recordings: readonly RecordingSummary[];
  readonly nextToken: string | undefined;
}

/** Recordings, newest first, by day; what is searched for stands in the address. The first page follows what happens. */
export function Library({ query }: { readonly query: URLSearchParams }) {
  const key = query.toString();
  const page = (nextToken?: string) =>
    client.recordings({
      limit: PAGE,
      ...filters(query),
      ...(nextToken === undefined ? {} : { nextToken }),
    });
  const first = usePolled(`library?${key}`, EVERY_MS, () => page());
  const [asked, setOlder] = useState<Older | undefined>(undefined);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const older = asked?.key === key ? asked : undefined;
  const newest = first.value?.recordings ?? [];
  const ids = new Set(newest.map(({ recordingId }) => recordingId));
  const recordings = [
    ...newest,
    ...(older?.recordings ?? []).filter(({ recordingId }) => !ids.has(recordingId)),
  ];
  // What was deleted, or is not searched for any more, is not selected either.
  const selected = new Set(
    recordings.map(({ recordingId }) => recordingId).filter((recordingId) => chosen.has(recordingId)),
  );
  const nextToken = older === undefined ? first.value?.nextToken : older.nextToken;
  const more = async (): Promise<void> => {
    const found = await page(nextToken);
    setOlder({
      key,
      recordings: [...(older?.recordings ?? []), ...found.recordings],
      nextToken: found.nextToken,
    });
  };
  const changed = async (): Promise<void> => {
    setOlder(undefined);
    await first.reload();
  };
  const toggle = (recordingId: string): void => {
    const next = new Set(selected);
    if (!next.delete(recordingId)) next.add(recordingId);
    setChosen(next);
  };
  return (
    <>
      <h1>Library</h1>
      <Search query={query} />
      <Problem error={first.error} onRetry={first.reload} />
      {selected.size > 0 && <Selection ids={[...selected]} done={changed} />}
      {first.value !== undefined && recordings.length === 0 && (
        <p class="empty">
          {key === ''
            ? 'Nothing has been recorded yet. Start a recording on the screen Now.'
            : 'No recording is like that. Take something out of the search.'}
        </p>
      )}
      {byDay(recordings).map(([day, these]) => (
        <section key={day}>
          <h2>{day}</h2>
          <ul class="list">
            {these.map((one) => (
              <li key={one.recordingId}>
                <input
                  type="checkbox"
                  aria-label={`Select ${one.streamName}`}
                  checked={selected.has(one.recordingId)}
                  onChange={() => toggle(one.recordingId)}
                />
                <Poster pictures={one.pictures} />
                <a href={recordingAddress(one.recordingId)} class="name" title={one.streamName}>
                  {one.streamName}
                </a>
                <StatusBadge
                  status={one.status}
                  {...(one.reason === undefined ? {} : { reason: one.reason.message })}
                />
                <span>
                  {one.parts} {one.parts === 1 ? 'part' : 'parts'}
                </span>
                <Time iso={one.requestedAt} />
              </li>
            ))}
          </ul>
        </section>
      ))}
      {first.value === undefined && first.error === undefined && <p class="muted">Loading…</p>}
      {nextToken !== undefined && <Action run={more}>Older recordings</Action>}
    </>
  );
}

function Search({ query }: { readonly query: URLSearchParams }) {
  const set = (name: string, value: string): void => {
    const next = new URLSearchParams(query);
    if (value === '') next.delete(name);
    else next.set(name, value);
    location.hash = libraryAddress(next);
  };
  const field = (name: string) => ({
    value: query.get(name) ?? '',
    onChange: (event: { currentTarget: HTMLInputElement | HTMLSelectElement }) =>
      set(name, event.currentTarget.value),
  });
  return (
    <search class="row">
      <label>
        Stream <input type="search" {...field('stream')} />
      </label>
      <label>
        Status{' '}
        <select {...field('status')}>
          <option value="">any</option>
          {STATUSES.map((status) => (
            <option key={status}>{status}</option>
          ))}
        </select>
      </label>
      <label>
        From <input type="date" {...field('from')} />
      </label>
      <label>
        To <input type="date" {...field('to')} />
      </label>
    </search>
  );
}

function Selection({ ids, done }: { readonly ids: readonly string[]; readonly done: () => Promise<void> }) {
  return (
    <p class="row card" role="status">
      {ids.length} selected
      <Action run={() => downloadAll(ids)}>Download</Action>
      <Action
        kind="danger"
        confirm={`Delete ${ids.length} recordings and their files in the library? This cannot be undone.`}
        run={async () => {
          try {
            for (const recordingId of ids) await client.remove(recordingId, { records: true });
          } finally {
            await done();
          }
        }}
      >
        Delete
      </Action>
    </p>
  );
}

/** All parts of the recordings as one ZIP, made while it is downloaded. */
async function downloadAll(ids: readonly string[]): Promise<void> {
  const recordings = await Promise.all(ids.map((recordingId) => client.recording(recordingId)));
  const parts = recordings.flatMap(({ recordingId, parts: all }) =>
    all.flatMap(({ fileName, play }) =>
      fileName === undefined || play === undefined
        ? []
        : [{ name: `${recordingId}/${fileName}`, url: play.url }],
    ),
  );
  if (parts.length === 0) {
    throw new ApiError('None of them has a file in the library yet.', {
      status: 0,
      code: 'nothing_to_download',
    });
  }
  async function* files() {
    for (const { name, url } of parts) yield { name, input: await fetch(url) };
  }
  const zip = await downloadZip(files()).blob();
  const link = document.createElement('a');
  link.href = URL.createObjectURL(zip);
  link.download = 'recordings.zip';
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Days are the reader's own; a time is an instant. */
function filters(query: URLSearchParams): Parameters<typeof client.recordings>[0] {
  const stream = query.get('stream');
  const status = STATUSES.find((one) => one === query.get('status'));
  const from = Date.parse(`${query.get('from')}T00:00:00`);
  const to = Date.parse(`${query.get('to')}T23:59:59.999`);
  return {
    ...(stream === null ? {} : { stream }),
    ...(status === undefined ? {} : { status }),
    ...(Number.isNaN(from) ? {} : { from: new Date(from).toISOString() }),
    ...(Number.isNaN(to) ? {} : { to: new Date(to).toISOString() }),
  };
}

function byDay(recordings: readonly RecordingSummary[]): [string, RecordingSummary[]][] {
  const days = new Map<string, RecordingSummary[]>();
  for (const one of recordings) {
    const day = dayOf(one.requestedAt);
    days.set(day, [...(days.get(day) ?? []), one]);
  }
  return [...days];
}
