import { useState } from 'preact/hooks';
import type { Recording } from '../../typescript/client.ts';
import { bitrate, byteCount, duration, stretch } from '../format.ts';
import type { Tile } from '../nowModel.ts';
import { useNow } from '../polled.ts';
import { recordingAddress } from '../route.ts';
import { client } from '../session.ts';
import { Action } from './action.tsx';
import { Player } from './player.tsx';
import { Poster } from './poster.tsx';
import { StatusBadge } from './status.tsx';

interface Watched {
  readonly recordingId: string;
  readonly url: string;
}

export function TileView({ tile, reload }: { readonly tile: Tile; readonly reload: () => Promise<void> }) {
  const { name, stream, recording } = tile;
  const mediaSessionId = stream?.mediaSessionId;
  // Each answer has another link: the one that is played is kept, for as long as its recording goes on.
  const [watched, setWatched] = useState<Watched | undefined>(undefined);
  const offered = recording?.play?.hls;
  const live = watched?.recordingId === recording?.recordingId ? watched : undefined;
  return (
    <li class="tile" tabIndex={-1}>
      <h2 title={name}>
        {recording === undefined ? name : <a href={recordingAddress(recording.recordingId)}>{name}</a>}
      </h2>
      <p class="row">
        {recording === undefined ? (
          <span class="badge idle">published</span>
        ) : (
          <StatusBadge
            status={recording.status}
            {...(recording.reason === undefined ? {} : { reason: recording.reason.message })}
          />
        )}
        {stream?.videoCodec !== undefined && <span>{stream.videoCodec}</span>}
        {recording !== undefined && stream === undefined && <span class="muted">not in the registry</span>}
      </p>
      {live === undefined ? (
        <Poster pictures={recording?.pictures} />
      ) : (
        <Player
          src={live.url}
          kind="hls"
          title={`${name}, live`}
          storyboard={undefined}
          seek={undefined}
          plays
        />
      )}
      {recording !== undefined && <Progress recording={recording} />}
      <p class="row">
        {recording === undefined && mediaSessionId !== undefined && (
          <Action
            kind="main"
            label={`Record ${name}`}
            shortcut="s"
            run={async () => {
              await client.start({ mediaSessionId });
              await reload();
            }}
          >
            Record
          </Action>
        )}
        {recording !== undefined && recording.status !== 'stopping' && (
          <>
            <Action
              label={`Stop recording ${name}`}
              shortcut="x"
              run={async () => {
                await client.stop(recording.recordingId);
                await reload();
              }}
            >
              Stop
            </Action>
            <Action
              label={`Begin a new part of ${name}`}
              shortcut="p"
              run={() => client.rotate(recording.recordingId)}
            >
              New part
            </Action>
          </>
        )}
        {offered !== undefined && recording !== undefined && (
          <Action
            label={live === undefined ? `Watch ${name}` : `Close the player of ${name}`}
            shortcut="w"
            run={async () =>
              setWatched(
                live === undefined ? { recordingId: recording.recordingId, url: offered.url } : undefined,
              )
            }
          >
            {live === undefined ? 'Watch' : 'Close'}
          </Action>
        )}
      </p>
    </li>
  );
}

function Progress({ recording }: { readonly recording: Recording }) {
  const nowMs = useNow();
  const { progress, requestedAt, hostId } = recording;
  if (progress === undefined) {
    return <p class="numbers muted">asked for {stretch(nowMs - Date.parse(requestedAt))} ago</p>;
  }
  const sinceMs = Math.max(0, nowMs - Date.parse(progress.at));
  const runs = recording.status === 'recording';
  return (
    <dl class="numbers">
      <dt>recorded</dt>
      <dd>{duration(progress.durationMs + (runs ? sinceMs : 0))}</dd>
      <dt>size</dt>
      <dd>{byteCount(progress.bytes)}</dd>
      <dt>bitrate</dt>
      <dd>{bitrate(progress.bitrateBps)}</dd>
      <dt title="Age of the last byte that was not yet saved, at the last heartbeat">unsaved</dt>
      <dd>{stretch(progress.tailAgeMs)}</dd>
      <dt>host</dt>
      <dd class="name" title={hostId}>
        {hostId ?? 'a task of its own'}
      </dd>
    </dl>
  );
}
