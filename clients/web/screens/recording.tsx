import { useState } from 'preact/hooks';
import type { Part, RecordingEvent, Recording as RecordingView } from '../../typescript/client.ts';
import { bitrate, byteCount, duration, stretch } from '../format.ts';
import { Action } from '../pieces/action.tsx';
import { Player } from '../pieces/player.tsx';
import { Problem } from '../pieces/problem.tsx';
import { ACTIVE, StatusBadge } from '../pieces/status.tsx';
import { Time } from '../pieces/time.tsx';
import { Timeline } from '../pieces/timeline.tsx';
import { useNow, usePolled } from '../polled.ts';
import { client } from '../session.ts';
import { stretches } from '../timelineModel.ts';

const EVERY_MS = 1_500;

export function Recording({ recordingId }: { readonly recordingId: string }) {
  const recording = usePolled(recordingId, EVERY_MS, () => client.recording(recordingId));
  const events = usePolled(`${recordingId}/events`, EVERY_MS, () => client.events(recordingId));
  if (recording.value === undefined) {
    return (
      <>
        <h1>Recording</h1>
        <Problem error={recording.error} onRetry={recording.reload} />
        {recording.error === undefined && <p class="muted">Loading…</p>}
      </>
    );
  }
  const { value } = recording;
  return (
    <>
      <h1 title={value.streamName}>{value.streamName}</h1>
      <Problem error={recording.error} onRetry={recording.reload} />
      <Facts recording={value} reload={recording.reload} />
      <Watch recording={value} />
      <Parts parts={value.parts} />
      <Story events={events.value ?? []} />
    </>
  );
}

function Facts({
  recording,
  reload,
}: {
  readonly recording: RecordingView;
  readonly reload: () => Promise<void>;
}) {
  const { recordingId, status, reason, requestedAt, endedAt, source } = recording;
  const act = (run: () => Promise<unknown>) => async (): Promise<void> => {
    await run();
    await reload();
  };
  return (
    <section class="card">
      <p class="row">
        <StatusBadge status={status} />
        {reason !== undefined && (
          <span>
            {reason.message} <code>{reason.code}</code>
          </span>
        )}
      </p>
      <dl class="facts">
        <dt>source</dt>
        <dd>
          <code>{source}</code>
        </dd>
        <dt>id</dt>
        <dd>
          <code>{recordingId}</code>
        </dd>
        <dt>asked for</dt>
        <dd>
          <Time iso={requestedAt} />
        </dd>
        {endedAt !== undefined && (
          <>
            <dt>ended</dt>
            <dd>
              <Time iso={endedAt} />
            </dd>
          </>
        )}
      </dl>
      <p class="row">
        {ACTIVE.has(status) ? (
          <>
            <Action run={act(() => client.stop(recordingId))}>Stop</Action>
            <Action run={act(() => client.rotate(recordingId))}>New part</Action>
          </>
        ) : (
          <Action
            kind="danger"
            confirm="Delete this recording and its files in the library? This cannot be undone."
            run={async () => {
              await client.remove(recordingId, { records: true });
              location.hash = '#/library';
            }}
          >
            Delete
          </Action>
        )}
        <a href={`/recordings/${recordingId}`}>as JSON</a>
        <a href={`/recordings/${recordingId}/events`}>events as JSON</a>
      </p>
    </section>
  );
}

/** A record that a browser plays; the link is kept while the part is shown, since each answer has another one. */
interface Watched {
  readonly part: number;
  readonly url: string;
  readonly seek?: { readonly seconds: number };
}

function Watch({ recording }: { readonly recording: RecordingView }) {
  const nowMs = useNow();
  const [chosen, setChosen] = useState<Watched | undefined>(undefined);
  const [seconds, setSeconds] = useState(0);
  const first = recording.parts.find(({ play }) => play !== undefined);
  const watched =
    chosen ?? (first?.play === undefined ? undefined : { part: first.part, url: first.play.url });
  if (watched !== undefined && chosen === undefined) setChosen(watched);
  const all = stretches(recording, nowMs);
  const part = recording.parts.find((one) => one.part === watched?.part);
  const playheadMs = part?.startTime === undefined ? undefined : Date.parse(part.startTime) + seconds * 1000;
  return (
    <section>
      {watched === undefined ? (
        <p class="empty">
          {ACTIVE.has(recording.status)
            ? 'It can be played as soon as a part is in the library: stop it, or begin a new part.'
            : 'There is no record to play.'}
        </p>
      ) : (
        <Player
          src={watched.url}
          title={`${recording.streamName}, part ${watched.part}`}
          seek={watched.seek}
          onTime={setSeconds}
        />
      )}
      <Timeline
        stretches={all}
        playheadMs={playheadMs}
        onSeek={(one, atMs) => {
          const target = recording.parts.find(({ part: number }) => number === one.part);
          const url = one.part === watched?.part ? watched.url : target?.play?.url;
          if (url !== undefined) setChosen({ part: one.part, url, seek: { seconds: atMs / 1000 } });
        }}
      />
    </section>
  );
}

function Parts({ parts }: { readonly parts: readonly Part[] }) {
  if (parts.length === 0) return null;
  return (
    <section class="scroll">
      <h2>Files</h2>
      <table>
        <thead>
          <tr>
            {['part', 'file', 'status', 'begins', 'duration', 'size', 'tracks', 'remarks', 'link'].map(
              (name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {parts.map((part) => (
            <tr key={part.part}>
              <td>{part.part}</td>
              <td class="name" title={part.wholeName ?? part.fileName}>
                {part.fileName}
              </td>
              <td>{part.status}</td>
              <td>{part.startTime !== undefined && <Time iso={part.startTime} />}</td>
              <td>{part.durationMs !== undefined && duration(part.durationMs)}</td>
              <td title={part.library?.key}>{part.bytes !== undefined && byteCount(part.bytes)}</td>
              <td>{part.tracks?.map(({ codec }) => codec).join(', ')}</td>
              <td>{remarks(part)}</td>
              <td>{part.download !== undefined && <a href={part.download.url}>download</a>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function remarks(part: Part): string {
  return [
    part.recovered === true ? 'recovered after a kill' : undefined,
    part.incomplete === undefined ? undefined : 'incomplete',
    part.estimatedLossMs === undefined ? undefined : `about ${stretch(part.estimatedLossMs)} lost at its end`,
    part.bytes !== undefined && part.durationMs !== undefined && part.durationMs > 0
      ? bitrate((part.bytes * 8000) / part.durationMs)
      : undefined,
  ]
    .filter((text) => text !== undefined)
    .join(', ');
}

function Story({ events }: { readonly events: readonly RecordingEvent[] }) {
  return (
    <section>
      <h2>What happened</h2>
      <ol class="story">
        {events.map(({ at, afterMs, type, ...fields }) => (
          <li key={`${at}${type}${JSON.stringify(fields)}`}>
            <span class="muted">+{stretch(afterMs)}</span> <strong>{type}</strong>{' '}
            <span class="muted">
              {Object.entries(fields)
                .map(
                  ([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : value}`,
                )
                .join(', ')}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
