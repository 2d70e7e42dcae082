import { useRef, useState } from 'preact/hooks';
import type { ApiError, Recording, RecordingSummary } from '../../typescript/client.ts';
import { bitrate, byteCount, duration, stretch } from '../format.ts';
import type { Tile } from '../nowModel.ts';
import { useNow, usePolled } from '../polled.ts';
import { noteProgress, progressOf } from '../progressModel.ts';
import { recordingAddress } from '../route.ts';
import { client } from '../session.ts';
import { Action } from './action.tsx';
import { Spark } from './graph.tsx';
import { useNear } from './nearby.tsx';
import { Player } from './player.tsx';
import { Poster } from './poster.tsx';
import { Problem } from './problem.tsx';
import { StatusBadge } from './status.tsx';

interface Watched {
  readonly recordingId: string;
  readonly url: string;
}

const EVERY_MS = 1_500;

export function TileView({ tile, reload }: { readonly tile: Tile; readonly reload: () => Promise<void> }) {
  const { name, stream, recording } = tile;
  const mediaSessionId = stream?.mediaSessionId;
  const place = useRef<HTMLLIElement>(null);
  const { detail, error } = useDetail(recording?.recordingId, useNear(place));
  // Each answer has another link: the one that is played is kept, for as long as its recording goes on.
  const [watched, setWatched] = useState<Watched | undefined>(undefined);
  const [fault, setFault] = useState<ApiError | undefined>(undefined);
  const offered = detail?.play?.hls;
  const live = watched?.recordingId === recording?.recordingId ? watched : undefined;
  const close = (): void => {
    setWatched(undefined);
    setFault(undefined);
  };
  return (
    <li class="tile" tabIndex={-1} ref={place}>
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
      </p>
      {live === undefined ? (
        <Poster pictures={recording?.pictures} keepsPlace={recording !== undefined} />
      ) : (
        <Player
          src={live.url}
          kind="hls"
          title={`${name}, live`}
          storyboard={undefined}
          seek={undefined}
          plays
          onFault={setFault}
        />
      )}
      {live !== undefined && <Problem error={fault} onRetry={close} />}
      {recording !== undefined && <Progress listed={recording} detail={detail} />}
      {error !== undefined && error.status !== 404 && (
        <p class="muted">
          Its numbers are not told: <code>{error.code}</code>
        </p>
      )}
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
              live === undefined
                ? setWatched({ recordingId: recording.recordingId, url: offered.url })
                : close()
            }
          >
            {live === undefined ? 'Watch' : 'Close'}
          </Action>
        )}
      </p>
    </li>
  );
}

/** All that the API tells of a recording, asked for while its tile is near to what is seen. */
function useDetail(recordingId: string | undefined, isNear: boolean) {
  const { value: detail, error } = usePolled(
    `tile ${recordingId}`,
    EVERY_MS,
    async () => (recordingId === undefined ? undefined : noteProgress(await client.recording(recordingId))),
    isNear && recordingId !== undefined,
  );
  return { detail, error };
}

function Progress({
  listed,
  detail,
}: {
  readonly listed: RecordingSummary;
  readonly detail: Recording | undefined;
}) {
  const nowMs = useNow();
  const { recordingId, requestedAt, status } = listed;
  if (detail?.progress === undefined) {
    return <p class="progress muted">asked for {stretch(nowMs - Date.parse(requestedAt))} ago</p>;
  }
  const { progress, hostId } = detail;
  const sinceMs = Math.max(0, nowMs - Date.parse(progress.at));
  const runs = status === 'recording';
  return (
    <div class="progress">
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
      <Spark
        label="Bitrate"
        samples={progressOf(recordingId).map(({ atMs, bitrateBps }) => ({ atMs, value: bitrateBps }))}
        say={bitrate}
      />
    </div>
  );
}
