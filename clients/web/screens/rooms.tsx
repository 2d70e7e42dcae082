import type { Room as RoomView } from '../../typescript/client.ts';
import { stretch } from '../format.ts';
import { Merges } from '../pieces/merges.tsx';
import { Problem } from '../pieces/problem.tsx';
import { StatusBadge } from '../pieces/status.tsx';
import { Time } from '../pieces/time.tsx';
import { useNow, usePolled } from '../polled.ts';
import { type Bar, roomRows } from '../roomModel.ts';
import { recordingAddress, roomAddress } from '../route.ts';
import { client } from '../session.ts';

const EVERY_MS = 3_000;

export function Rooms() {
  const rooms = usePolled('rooms', EVERY_MS, () => client.rooms());
  return (
    <>
      <h1>Rooms</h1>
      <Problem error={rooms.error} onRetry={rooms.reload} />
      {rooms.value === undefined && rooms.error === undefined && <p class="muted">Loading…</p>}
      {rooms.value?.length === 0 && (
        <p class="empty">
          No recording was made in a room yet. A stream&apos;s room comes with its announcement: a media
          server&apos;s hook says it, or whoever puts the stream there.
        </p>
      )}
      <ul class="list">
        {rooms.value?.map(({ room, latestRecordingAt }) => (
          <li key={room}>
            <a href={roomAddress(room)} class="name" title={room}>
              {room}
            </a>
            <span>
              last recorded <Time iso={latestRecordingAt} />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Who was in a room when: its recordings on one timeline. */
export function Room({ room }: { readonly room: string }) {
  const found = usePolled(`room/${room}`, EVERY_MS, () => client.room(room));
  const { value, error } = found;
  return (
    <>
      <h1 title={room}>{room}</h1>
      <Problem error={error} onRetry={found.reload} />
      {value === undefined && error === undefined && <p class="muted">Loading…</p>}
      {value !== undefined && <Participants room={value} />}
      {value !== undefined && <Merges room={room} />}
      {value?.nextToken !== undefined && (
        <p class="muted">
          Its {value.recordings.length} latest recordings are shown; the API has the others.
        </p>
      )}
    </>
  );
}

function Participants({ room }: { readonly room: RoomView }) {
  const { rows, startMs, endMs } = roomRows(room, useNow());
  return (
    <>
      <p>
        <Time iso={new Date(startMs).toISOString()} /> to <Time iso={new Date(endMs).toISOString()} clock />,{' '}
        {stretch(endMs - startMs)}
      </p>
      <ul class="list room">
        {rows.map(({ recording, bars, recordedMs }) => (
          <li key={recording.recordingId}>
            <a href={recordingAddress(recording.recordingId)} class="name" title={recording.streamName}>
              {recording.streamName}
            </a>
            {recording.login !== undefined && <span>{recording.login}</span>}
            <StatusBadge status={recording.status} />
            <span>{stretch(recordedMs)}</span>
            <Bars bars={bars} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Bars({ bars }: { readonly bars: readonly Bar[] }) {
  return (
    <div class="track" role="img" aria-label={bars.map(({ says }) => says).join('; ') || 'nothing recorded'}>
      {bars.map(({ part, left, width, says }) => (
        <span
          key={part}
          class="recorded"
          style={{ left: `${left * 100}%`, width: `${width * 100}%` }}
          title={says}
        />
      ))}
    </div>
  );
}
