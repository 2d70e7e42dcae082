import { useState } from 'preact/hooks';
import type { Recording, Stream } from '../../typescript/client.ts';
import { bitrate, byteCount, duration, stretch } from '../format.ts';
import { Action } from '../pieces/action.tsx';
import { Poster } from '../pieces/poster.tsx';
import { Problem } from '../pieces/problem.tsx';
import { ACTIVE, StatusBadge } from '../pieces/status.tsx';
import { useNow, usePolled } from '../polled.ts';
import { recordingAddress } from '../route.ts';
import { client } from '../session.ts';

interface Tile {
  readonly key: string;
  readonly name: string;
  readonly stream?: Stream;
  readonly recording?: Recording;
}

const EVERY_MS = 1_500;

/** Each published stream, and each recording that goes on. */
async function loadTiles(): Promise<Tile[]> {
  const [streams, newest, longest] = await Promise.all([
    client.streams(),
    client.recordings({ limit: '50' }),
    client.recordings({ limit: '50', status: 'recording' }),
  ]);
  const ids = new Set(
    [...newest.recordings, ...longest.recordings]
      .filter(({ status }) => ACTIVE.has(status))
      .map(({ recordingId }) => recordingId),
  );
  const recordings = await Promise.all([...ids].map((recordingId) => client.recording(recordingId)));
  const published = streams.filter(({ status }) => status === 'PUBLISHING');
  const tiles: Tile[] = recordings.map((recording) => {
    const stream = published.find(({ mediaSessionId }) => mediaSessionId === recording.mediaSessionId);
    return {
      key: recording.recordingId,
      name: recording.streamName,
      recording,
      ...(stream === undefined ? {} : { stream }),
    };
  });
  const recorded = new Set(recordings.map(({ mediaSessionId }) => mediaSessionId));
  for (const stream of published) {
    if (!recorded.has(stream.mediaSessionId)) {
      tiles.push({ key: stream.mediaSessionId, name: stream.name, stream });
    }
  }
  return tiles.sort((a, b) => a.name.localeCompare(b.name));
}

export function Now() {
  const tiles = usePolled('now', EVERY_MS, loadTiles);
  return (
    <>
      <h1>Now</h1>
      <Problem error={tiles.error} onRetry={tiles.reload} />
      {tiles.value === undefined && tiles.error === undefined && <p class="muted">Loading…</p>}
      {tiles.value?.length === 0 && <Empty />}
      <ul class="tiles">
        {tiles.value?.map((tile) => (
          <TileView key={tile.key} tile={tile} reload={tiles.reload} />
        ))}
      </ul>
      <RecordSource reload={tiles.reload} />
    </>
  );
}

function Empty() {
  return (
    <p class="empty">
      Nothing is published and nothing is recorded. Publish a stream to your media server and it appears here
      by itself, or record any source by its address, below.
    </p>
  );
}

function TileView({ tile, reload }: { readonly tile: Tile; readonly reload: () => Promise<void> }) {
  const { name, stream, recording } = tile;
  const mediaSessionId = stream?.mediaSessionId;
  return (
    <li class="tile">
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
      <Poster pictures={recording?.pictures} />
      {recording !== undefined && <Progress recording={recording} />}
      <p class="row">
        {recording === undefined && mediaSessionId !== undefined && (
          <Action
            kind="main"
            label={`Record ${name}`}
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
              run={async () => {
                await client.stop(recording.recordingId);
                await reload();
              }}
            >
              Stop
            </Action>
            <Action label={`Begin a new part of ${name}`} run={() => client.rotate(recording.recordingId)}>
              New part
            </Action>
          </>
        )}
      </p>
    </li>
  );
}

function Progress({ recording }: { readonly recording: Recording }) {
  const nowMs = useNow();
  const { progress, requestedAt } = recording;
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
    </dl>
  );
}

function RecordSource({ reload }: { readonly reload: () => Promise<void> }) {
  const [fields, setFields] = useState({ sourceUrl: '', streamName: '' });
  const field = (name: keyof typeof fields) => ({
    name,
    value: fields[name],
    onInput: (event: { currentTarget: HTMLInputElement }) =>
      setFields({ ...fields, [name]: event.currentTarget.value }),
  });
  return (
    <form class="card" onSubmit={(event) => event.preventDefault()}>
      <h2>Record any source</h2>
      <label>
        Address{' '}
        <input {...field('sourceUrl')} placeholder="rtmp://, rtsp://, srt://, https://…m3u8" required />
      </label>
      <label>
        Name <input {...field('streamName')} placeholder="optional" />
      </label>
      <Action
        kind="main"
        run={async () => {
          const { sourceUrl, streamName } = fields;
          await client.start(
            { sourceUrl, ...(streamName === '' ? {} : { streamName }) },
            crypto.randomUUID(),
          );
          setFields({ sourceUrl: '', streamName: '' });
          await reload();
        }}
      >
        Record
      </Action>
    </form>
  );
}
