import { useState } from 'preact/hooks';
import {
  type ApiError,
  asApiError,
  type Part,
  type Recording as RecordingView,
} from '../../typescript/client.ts';
import { Action } from '../pieces/action.tsx';
import { Clips } from '../pieces/clips.tsx';
import { JsonLink } from '../pieces/jsonLink.tsx';
import { Parts } from '../pieces/parts.tsx';
import { Player, type PlayerTime, type Seek } from '../pieces/player.tsx';
import { Problem } from '../pieces/problem.tsx';
import { ProgressGraph } from '../pieces/progressGraph.tsx';
import { ACTIVE, ENDED, StatusBadge } from '../pieces/status.tsx';
import { Story } from '../pieces/story.tsx';
import { Time } from '../pieces/time.tsx';
import { Timeline } from '../pieces/timeline.tsx';
import { useNow, usePolled } from '../polled.ts';
import { noteProgress } from '../progressModel.ts';
import { client } from '../session.ts';
import { clockOf, placeOf, type Stretch, secondsOf, stretches } from '../timelineModel.ts';

const EVERY_MS = 1_500;
/** One that has ended changes when it is deleted. */
const ENDED_EVERY_MS = 5_000;

export function Recording({ recordingId }: { readonly recordingId: string }) {
  const [hasEnded, setHasEnded] = useState(false);
  const everyMs = hasEnded ? ENDED_EVERY_MS : EVERY_MS;
  const recording = usePolled(recordingId, everyMs, async () =>
    noteProgress(await client.recording(recordingId)),
  );
  const events = usePolled(`${recordingId}/events`, everyMs, () => client.events(recordingId));
  const endsNow = ENDED.has(recording.value?.status);
  if (endsNow !== hasEnded) setHasEnded(endsNow);
  if (recording.value === undefined) {
    return (
      <>
        <h1>Recording</h1>
        <Problem error={recording.error} onRetry={recording.reload} />
        {recording.error === undefined && <p class="muted">Loading…</p>}
      </>
    );
  }
  const { value, error, reload } = recording;
  // Nothing of it can be played any more; a player would ask for it again and again.
  const isDeleted = error?.code === 'recording_not_found';
  return (
    <>
      <h1 title={value.streamName}>{value.streamName}</h1>
      <Problem error={error} onRetry={reload} />
      {isDeleted ? (
        <p class="empty">
          This recording was deleted while it was shown here, so it cannot be played or downloaded any more.{' '}
          <a href="#/library">To the library</a>
        </p>
      ) : (
        <>
          <Facts recording={value} reload={reload} />
          <Watch recording={value} reload={reload} />
          <Parts key={recordingId} recording={value} />
        </>
      )}
      <Story key={`${recordingId} story`} events={events.value ?? []} />
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
  const { recordingId, status, reason, requestedAt, endedAt, source, play } = recording;
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
        <JsonLink
          address={`/recordings/${recordingId}`}
          fileName={`recording-${recordingId}.json`}
          load={() => client.recording(recordingId)}
        >
          as JSON
        </JsonLink>
        <JsonLink
          address={`/recordings/${recordingId}/events`}
          fileName={`events-${recordingId}.json`}
          load={() => client.events(recordingId)}
        >
          events as JSON
        </JsonLink>
        {play?.hls !== undefined && <a href={play.hls.url}>HLS, for a player</a>}
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

function Watch({
  recording,
  reload,
}: {
  readonly recording: RecordingView;
  readonly reload: () => Promise<void>;
}) {
  const nowMs = useNow();
  const [chosen, setChosen] = useState<Watched | undefined>(undefined);
  const [fault, setFault] = useState<ApiError | undefined>(undefined);
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
    const play = (next: Watched | undefined): void => {
      if (next !== undefined) setChosen({ ...next, seek: { seconds: atMs / 1000 } });
    };
    const known = recording.parts.find(({ part }) => part === one.part);
    if (one.part === watched?.part) play(watched);
    else if (known !== undefined) play(filePlayed(known));
    else playLater(one.part, play);
  };
  /** A file of a later page. */
  const playLater = (wanted: number, play: (next: Watched | undefined) => void): void => {
    client.parts(recording.recordingId).then(
      (all) => play(all.filter(({ part }) => part === wanted).map(filePlayed)[0]),
      (cause: unknown) => setFault(asApiError(cause)),
    );
  };
  const again = async (): Promise<void> => {
    setFault(undefined);
    await reload();
    // With the links of the answer.
    setChosen(undefined);
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
          onTime={(next) =>
            // Between two segments a player knows no clock.
            setTime((before) => ({ ...next, clockMs: next.clockMs ?? before.clockMs }))
          }
          onFault={setFault}
        />
      )}
      <Problem error={fault} onRetry={again} />
      <Timeline stretches={all} playheadMs={shownMs} onSeek={goTo} />
      <ProgressGraph recording={recording} stretches={all} />
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
