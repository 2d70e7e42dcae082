import { useRef, useState } from 'preact/hooks';
import { type ApiError, asApiError, type RecordingSummary } from '../../typescript/client.ts';
import { dayOf } from '../format.ts';
import { type Listed, piecesOf, withFirst, withMore, without } from '../libraryModel.ts';
import { Action } from '../pieces/action.tsx';
import { EndOfList, Nearby } from '../pieces/nearby.tsx';
import { Poster } from '../pieces/poster.tsx';
import { Problem } from '../pieces/problem.tsx';
import { StatusBadge } from '../pieces/status.tsx';
import { Time } from '../pieces/time.tsx';
import { usePolled } from '../polled.ts';
import { libraryAddress, recordingAddress } from '../route.ts';
import { client } from '../session.ts';
import { saveZip } from '../zip.ts';

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
/** Recordings that come into the page, and leave it, together. */
const PIECE = 50;
const EVERY_MS = 1_500;

/** Recordings, newest first, by day; what is searched for stands in the address. The first page follows what happens. */
export function Library({ query }: { readonly query: URLSearchParams }) {
  const key = query.toString();
  const { listed, error, reload, more, problem, forget } = useListed(key, query);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const recordings = listed?.recordings ?? [];
  // What was deleted, or is not searched for any more, is not selected either.
  const selected = new Set(
    recordings.map(({ recordingId }) => recordingId).filter((recordingId) => chosen.has(recordingId)),
  );
  const toggle = (recordingId: string): void => {
    const next = new Set(selected);
    if (!next.delete(recordingId)) next.add(recordingId);
    setChosen(next);
  };
  const pieces = piecesOf(recordings, PIECE, dayOf);
  return (
    <>
      <h1>Library</h1>
      <Search query={query} />
      <Problem error={error} onRetry={reload} />
      {selected.size > 0 && <Selection ids={[...selected]} forget={forget} />}
      {listed !== undefined && recordings.length === 0 && listed.nextToken === undefined && (
        <p class="empty">
          {key === ''
            ? 'Nothing has been recorded yet. Start a recording on the screen Now.'
            : 'No recording is like that. Take something out of the search.'}
        </p>
      )}
      {pieces.map((days, index) => (
        <Nearby
          key={index}
          render={() =>
            days.map(({ day, recordings: these }) => (
              <section key={day}>
                {pieces[index - 1]?.at(-1)?.day !== day && <h2>{day}</h2>}
                <ul class="list">
                  {these.map((one) => (
                    <Row
                      key={one.recordingId}
                      recording={one}
                      isSelected={selected.has(one.recordingId)}
                      toggle={toggle}
                    />
                  ))}
                </ul>
              </section>
            ))
          }
        />
      ))}
      {listed === undefined && error === undefined && <p class="muted">Loading…</p>}
      {recordings.length === 0 && listed?.nextToken !== undefined && (
        <p class="muted">None of the newest; looking at older ones…</p>
      )}
      <Problem error={problem} />
      {listed?.nextToken !== undefined && (
        <>
          <EndOfList next={listed.nextToken} onNear={() => void more()} />
          <button type="button" onClick={() => void more()}>
            Older recordings
          </button>
        </>
      )}
    </>
  );
}

function Row({
  recording,
  isSelected,
  toggle,
}: {
  readonly recording: RecordingSummary;
  readonly isSelected: boolean;
  readonly toggle: (recordingId: string) => void;
}) {
  const { recordingId, streamName, status, reason, parts, requestedAt, pictures } = recording;
  const { incompleteParts = 0, recoveredParts = 0 } = recording;
  return (
    <li>
      <input
        type="checkbox"
        aria-label={`Select ${streamName}`}
        checked={isSelected}
        onChange={() => toggle(recordingId)}
      />
      <Poster pictures={pictures} />
      <a href={recordingAddress(recordingId)} class="name" title={streamName}>
        {streamName}
      </a>
      <StatusBadge status={status} {...(reason === undefined ? {} : { reason: reason.message })} />
      {incompleteParts > 0 && <Mark word="incomplete" count={incompleteParts} of={parts} />}
      {recoveredParts > 0 && <Mark word="recovered" count={recoveredParts} of={parts} />}
      <span>
        {parts} {parts === 1 ? 'part' : 'parts'}
      </span>
      <Time iso={requestedAt} />
    </li>
  );
}

/** Something that is to be known of some of its parts. */
function Mark({ word, count, of }: { readonly word: string; readonly count: number; readonly of: number }) {
  return (
    <span class="badge interrupted" title={`${count} of ${of}: the recording's page says why`}>
      {of === 1 ? word : `${count} ${word}`}
    </span>
  );
}

/** What is listed: the first page again and again, and those that follow as they are asked for. */
function useListed(key: string, query: URLSearchParams) {
  const page = (nextToken?: string) =>
    client.recordings({
      limit: PAGE,
      ...filters(query),
      ...(nextToken === undefined ? {} : { nextToken }),
    });
  const known = useRef<{ key: string; listed: Listed } | undefined>(undefined);
  const [problem, setProblem] = useState<ApiError | undefined>(undefined);
  const asked = useRef<string | undefined>(undefined);
  const [, setShown] = useState(0);
  const ofKey = (): Listed | undefined => (known.current?.key === key ? known.current.listed : undefined);
  const keep = (listed: Listed): void => {
    known.current = { key, listed };
    setShown((count) => count + 1);
  };
  const first = usePolled(`library?${key}`, EVERY_MS, async () => {
    const found = await page();
    keep(withFirst(ofKey(), found));
  });
  const more = async (): Promise<void> => {
    const nextToken = ofKey()?.nextToken;
    if (nextToken === undefined || asked.current === nextToken) return;
    asked.current = nextToken;
    try {
      const found = await page(nextToken);
      const listed = ofKey();
      // Another page may have begun the list anew meanwhile.
      if (listed?.nextToken === nextToken) keep(withMore(listed, found));
      setProblem(undefined);
    } catch (cause) {
      setProblem(asApiError(cause));
    } finally {
      asked.current = undefined;
    }
  };
  const forget = (gone: ReadonlySet<string>): void => {
    const listed = ofKey();
    if (listed !== undefined) keep(without(listed, gone));
  };
  return { listed: ofKey(), error: first.error, reload: first.reload, more, problem, forget };
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
        Stream <input type="search" placeholder="a piece of its name" {...field('stream')} />
      </label>
      <label>
        Room <input type="search" placeholder="its whole name" {...field('room')} />
      </label>
      <label>
        Tag <input type="search" placeholder="team or team=news" {...field('tag')} />
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

function Selection({
  ids,
  forget,
}: {
  readonly ids: readonly string[];
  readonly forget: (gone: ReadonlySet<string>) => void;
}) {
  return (
    <p class="row card" role="status">
      {ids.length} selected
      <Action run={() => saveZip(client, ids)}>Download</Action>
      <Action
        run={async () => {
          for (const recordingId of ids) await client.join(recordingId);
        }}
      >
        Join the parts of each
      </Action>
      <Action
        kind="danger"
        confirm={`Delete ${ids.length} recordings and their files in the library? This cannot be undone.`}
        run={async () => {
          const gone = new Set<string>();
          try {
            for (const recordingId of ids) {
              await client.remove(recordingId, { records: true });
              gone.add(recordingId);
            }
          } finally {
            forget(gone);
          }
        }}
      >
        Delete
      </Action>
    </p>
  );
}

/** What a field of the address is called by the API. */
const SEARCHED = [
  ['stream', 'streamContains'],
  ['room', 'room'],
  ['tag', 'tag'],
] as const;

/** Days are the reader's own; a time is an instant. */
function filters(query: URLSearchParams): Parameters<typeof client.recordings>[0] {
  const texts = SEARCHED.flatMap(([field, parameter]) => {
    const value = query.get(field);
    return value === null ? [] : [[parameter, value] as const];
  });
  const status = STATUSES.find((one) => one === query.get('status'));
  const from = Date.parse(`${query.get('from')}T00:00:00`);
  const to = Date.parse(`${query.get('to')}T23:59:59.999`);
  return {
    ...Object.fromEntries(texts),
    ...(status === undefined ? {} : { status }),
    ...(Number.isNaN(from) ? {} : { from: new Date(from).toISOString() }),
    ...(Number.isNaN(to) ? {} : { to: new Date(to).toISOString() }),
  };
}
