import { useState } from 'preact/hooks';
import type { MergeSummary } from '../../typescript/client.ts';
import { stretch } from '../format.ts';
import { usePolled } from '../polled.ts';
import { recordingAddress } from '../route.ts';
import { client } from '../session.ts';
import { Action } from './action.tsx';
import { Poster } from './poster.tsx';
import { Problem } from './problem.tsx';
import { Time } from './time.tsx';

const EVERY_MS = 1_500;
const LAYOUTS: Readonly<Record<MergeSummary['layout'], string>> = {
  tracks: 'Each participant as tracks of their own',
  grid: 'All in one picture',
  audio: 'The sound of all',
};
const LAYOUT_NAMES = Object.keys(LAYOUTS) as MergeSummary['layout'][];
const GOES_ON: ReadonlySet<MergeSummary['status']> = new Set(['waiting', 'processing', 'canceling']);

/** A room as one file: how its participants are put together, how far that is, and where it is. */
export function Merges({ room }: { readonly room: string }) {
  const merges = usePolled(`merges/${room}`, EVERY_MS, () => client.merges(room));
  const [layout, setLayout] = useState<MergeSummary['layout']>('tracks');
  return (
    <section>
      <h2>One file of all</h2>
      <form class="row" onSubmit={(event) => event.preventDefault()}>
        <label>
          Layout{' '}
          <select
            value={layout}
            onChange={({ currentTarget: { value } }) =>
              setLayout(LAYOUT_NAMES.find((name) => name === value) ?? layout)
            }
          >
            {LAYOUT_NAMES.map((name) => (
              <option key={name} value={name}>
                {LAYOUTS[name]}
              </option>
            ))}
          </select>
        </label>
        <Action
          kind="main"
          submits
          run={async () => {
            await client.mergeRoom(room, { layout, running: 'wait' }, crypto.randomUUID());
            await merges.reload();
          }}
        >
          Merge
        </Action>
      </form>
      <Problem error={merges.error} onRetry={merges.reload} />
      {merges.value?.length === 0 && (
        <p class="empty">Choose a layout; what is still being recorded is waited for.</p>
      )}
      <ul class="list">
        {merges.value?.map((merge) => (
          <Made key={merge.mergeId} merge={merge} reload={merges.reload} />
        ))}
      </ul>
    </section>
  );
}

/** Of what it has become. A link to a picture is good for an hour. */
const PICTURE_EVERY_MS = 600_000;
const WITHOUT_PICTURE: Readonly<Record<MergeSummary['layout'], string | undefined>> = {
  tracks: 'No picture: each participant has tracks of their own in it.',
  grid: undefined,
  audio: 'No picture: it is sound alone.',
};

function Picture({ recordingId, layout }: { readonly recordingId: string } & Pick<MergeSummary, 'layout'>) {
  const { value } = usePolled(`picture of ${recordingId}`, PICTURE_EVERY_MS, () =>
    client.recording(recordingId),
  );
  if (value === undefined) return null;
  return value.pictures?.poster === undefined ? (
    <span class="muted">{WITHOUT_PICTURE[layout]}</span>
  ) : (
    <Poster pictures={value.pictures} />
  );
}

function Made({ merge, reload }: { readonly merge: MergeSummary; readonly reload: () => Promise<void> }) {
  const { mergeId, layout, status, reason, progress, recordingId, requestedAt } = merge;
  return (
    <li>
      <span>{LAYOUTS[layout]}</span>
      <span class={`badge ${status}`}>{status}</span>
      {GOES_ON.has(status) && progress !== undefined && (
        <span>
          <progress max="100" value={progress.percent} aria-label={`${LAYOUTS[layout]}, made so far`} />{' '}
          {Math.floor(progress.percent)} %
          {progress.etaMs !== undefined && `, ${stretch(progress.etaMs)} to go`}
        </span>
      )}
      {reason !== undefined && (
        <span>
          {reason.message} <code>{reason.code}</code>
        </span>
      )}
      <Time iso={requestedAt} />
      {status === 'available' && recordingId !== undefined && (
        <>
          <Picture recordingId={recordingId} layout={layout} />
          <a href={recordingAddress(recordingId)}>watch, download</a>
        </>
      )}
      {(status === 'waiting' || status === 'processing') && (
        <Action
          label={`Cancel: ${LAYOUTS[layout]}`}
          run={async () => {
            await client.cancelMerge(mergeId);
            await reload();
          }}
        >
          Cancel
        </Action>
      )}
    </li>
  );
}
