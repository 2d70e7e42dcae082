import { useState } from 'preact/hooks';
import type { Part, Recording } from '../../typescript/client.ts';
import { bitrate, byteCount, duration, stretch } from '../format.ts';
import { client } from '../session.ts';
import { Action } from './action.tsx';
import { Time } from './time.tsx';

const COLUMNS = [
  ...['part', 'file', 'status', 'begins', 'duration', 'size', 'CRC-32', 'key in the library', 'tracks'],
  ...['remarks', 'link'],
];

/** What scrolls sideways is reached by keys, whether a link is in it or not. */
const REACHABLE = { tabIndex: 0 } as const;

/** A recording's files: those of the first answer, which are polled, and as many more as are asked for. */
export function Parts({ recording }: { readonly recording: Recording }) {
  const { recordingId, partCount } = recording;
  const [later, setLater] = useState<{ parts: readonly Part[]; nextToken: string | undefined }>();
  const parts = [...recording.parts, ...(later?.parts ?? [])];
  const nextToken = later === undefined ? recording.nextToken : later.nextToken;
  if (parts.length === 0) return null;
  const more = async (): Promise<void> => {
    if (nextToken === undefined) return;
    const page = await client.recording(recordingId, { nextToken });
    setLater({ parts: [...(later?.parts ?? []), ...page.parts], nextToken: page.nextToken });
  };
  return (
    <section class="scroll" aria-label="Files" {...REACHABLE}>
      <h2>Files</h2>
      <table>
        <thead>
          <tr>
            {COLUMNS.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
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
              <td>{part.bytes !== undefined && byteCount(part.bytes)}</td>
              <td>{part.crc32 !== undefined && <code>{part.crc32}</code>}</td>
              <td class="name" title={part.library?.key}>
                {part.library?.key}
              </td>
              <td>{part.tracks?.map(({ codec }) => codec).join(', ')}</td>
              <td>{remarks(part)}</td>
              <td>{part.download !== undefined && <a href={part.download.url}>download</a>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {nextToken !== undefined && (
        <p class="row">
          <span class="muted">
            {parts.length} of {partCount} files.
          </span>
          <Action run={more}>Show more files</Action>
        </p>
      )}
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
