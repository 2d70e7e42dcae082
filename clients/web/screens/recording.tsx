import { useState } from 'preact/hooks';
import type { Part, RecordingEvent, Recording as RecordingView } from '../../typescript/client.ts';
import { bitrate, byteCount, duration, stretch } from '../format.ts';
import { Action } from '../pieces/action.tsx';
import { Clips } from '../pieces/clips.tsx';
import { Player, type PlayerTime, type Seek } from '../pieces/player.tsx';
import { Problem } from '../pieces/problem.tsx';
import { ACTIVE, StatusBadge } from '../pieces/status.tsx';
import { Time } from '../pieces/time.tsx';
import { Timeline } from '../pieces/timeline.tsx';
import { useNow, usePolled } from '../polled.ts';
import { client } from '../session.ts';
import { clockOf, placeOf, type Stretch, secondsOf, stretches } from '../timelineModel.ts';

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

/**
 * What is played: all parts as one stream where there is one, else a record. The link is kept while it is shown, since each
 * answer has another one.
 */
interface Watched {
  readonly url: string;
  readonly kind: 'hls' | 'file';
  /** Of a record. */
  readonly part?: number;
  /** It goes on: times are those of the wall clock. */
  readonly live?: boolean;
  /** Kept like the link: its small pictures. */
  readonly storyboard?: string | undefined;
  readonly seek?: Seek;
}

/** What can be played at first. */
function playable({ play, parts, pictures }: RecordingView): Watched | undefined {
  if (play?.hls !== undefined)
    return { url: play.hls.url, kind: 'hls', live: play.hls.live, storyboard: pictures?.storyboard?.url };
  const first = parts.find((part) => part.play !== undefined);
  return first && filePlayed(first);
}

function filePlayed({ part, play, pictures }: Part): Watched | undefined {
  return play && { url: play.url, kind: 'file', part, storyboard: pictures?.storyboard?.url };
}

function Watch({ recording }: { readonly recording: RecordingView }) {
  const nowMs = useNow();
  const [chosen, setChosen] = useState<Watched | undefined>(undefined);
  const [time, setTime] = useState<PlayerTime>({ seconds: 0, clockMs: undefined, plays: false });
  const watched = chosen ?? playable(recording);
  if (watched !== undefined && chosen === undefined) setChosen(watched);
  const all = stretches(recording, nowMs);
  const shownMs = watched?.live === true ? time.clockMs : clockOf(all, watched?.part, time.seconds);
  const whole = recording.play?.hls;
  if (watched?.live === true && whole?.live === false) {
    // It has ended: all of it, from where it was watched.
    const place = shownMs === undefined ? undefined : placeOf(all, shownMs);
    const seek = place === undefined ? undefined : { seconds: secondsOf(all, ...place), plays: time.plays };
    const storyboard = recording.pictures?.storyboard?.url;
    setChosen({
      url: whole.url,
      kind: 'hls',
      live: false,
      storyboard,
      ...(seek === undefined ? {} : { seek }),
    });
  }
  const goTo = (one: Stretch, atMs: number): void => {
    if (watched?.live === true) {
      const targetMs = one.startMs + atMs - (one.atMs ?? 0);
      if (shownMs !== undefined)
        setChosen({ ...watched, seek: { seconds: time.seconds + (targetMs - shownMs) / 1000 } });
      return;
    }
    if (watched?.kind === 'hls') {
      setChosen({ ...watched, seek: { seconds: secondsOf(all, one, atMs) } });
      return;
    }
    const target = recording.parts.find(({ part }) => part === one.part);
    const next = one.part === watched?.part ? watched : target && filePlayed(target);
    if (next !== undefined) setChosen({ ...next, seek: { seconds: atMs / 1000 } });
  };
  const [first, last] = [all[0], all.at(-1)];
  const which = watched?.part === undefined ? '' : `, part ${watched.part}`;
  return (
    <section>
      {watched === undefined ? (
        <p class="empty">
          {ACTIVE.has(recording.status)
            ? 'It can be watched as soon as it has a picture.'
            : 'There is no record to play.'}
        </p>
      ) : (
        <Player
          key={`${watched.kind}${watched.live === true ? ' live' : ''}`}
          src={watched.url}
          kind={watched.kind}
          title={`${recording.streamName}${which}`}
          storyboard={watched.storyboard}
          seek={watched.seek}
          onTime={setTime}
        />
      )}
      <Timeline stretches={all} playheadMs={shownMs} onSeek={goTo} />
      {first !== undefined && last !== undefined && (
        <Clips
          recordingId={recording.recordingId}
          hasEnded={!ACTIVE.has(recording.status)}
          partCount={recording.partCount}
          startMs={first.startMs}
          endMs={last.endMs}
          playheadMs={shownMs}
        />
      )}
    </section>
  );
}

/** What scrolls sideways is reached by keys, whether a link is in it or not. */
const REACHABLE = { tabIndex: 0 } as const;

function Parts({ parts }: { readonly parts: readonly Part[] }) {
  if (parts.length === 0) return null;
  return (
    <section class="scroll" aria-label="Files" {...REACHABLE}>
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
    // Empty for what is whole.
    ...(part.incomplete ?? []).map(({ message }) => `incomplete: ${message}`),
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
