import { useRef, useState } from 'preact/hooks';
import type { Clip } from '../../typescript/client.ts';
import { clockTimes, offsetText, parseOffset, type Range, rangeBetween } from '../clipModel.ts';
import { byteCount, stretch } from '../format.ts';
import { usePolled } from '../polled.ts';
import { client } from '../session.ts';
import { Action } from './action.tsx';
import { Problem } from './problem.tsx';
import { Time } from './time.tsx';

export interface ClipsProps {
  readonly recordingId: string;
  /** Whether it has ended: then its parts can be joined. */
  readonly hasEnded: boolean;
  readonly partCount: number;
  /** Of the recording, wall clock in epoch milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  /** Where the player is. */
  readonly playheadMs: number | undefined;
}

const EVERY_MS = 1_500;

/** Pieces of a recording: a range that is drawn, written or taken from the player, a name, and what was made of it. */
export function Clips({ recordingId, hasEnded, partCount, startMs, endMs, playheadMs }: ClipsProps) {
  const clips = usePolled(`${recordingId}/clips`, EVERY_MS, () => client.clips(recordingId));
  const wholeMs = Math.max(100, endMs - startMs);
  const [range, setRange] = useState<Range | undefined>(undefined);
  const [name, setName] = useState('');
  const here = playheadMs === undefined ? undefined : playheadMs - startMs;
  const edge = (which: 'fromMs' | 'toMs', ms: number): void => {
    const { fromMs, toMs } = range ?? { fromMs: 0, toMs: wholeMs };
    // What would end before it begins begins, or ends, there.
    if (which === 'fromMs') setRange(rangeBetween(ms, Math.max(ms, toMs), wholeMs));
    else setRange(rangeBetween(Math.min(ms, fromMs), ms, wholeMs));
  };
  const cut = async (): Promise<void> => {
    if (range === undefined) return;
    const named = name === '' ? {} : { name };
    await client.clip(recordingId, { ...clockTimes(range, startMs), ...named }, crypto.randomUUID());
    setRange(undefined);
    setName('');
    await clips.reload();
  };
  return (
    <section>
      <h2>Clips</h2>
      <Strip wholeMs={wholeMs} range={range} onRange={setRange} />
      <form class="row" onSubmit={(event) => event.preventDefault()}>
        <Edge label="From" ms={range?.fromMs} here={here} onChange={(ms) => edge('fromMs', ms)} />
        <Edge label="To" ms={range?.toMs} here={here} onChange={(ms) => edge('toMs', ms)} />
        <label>
          Name{' '}
          <input
            type="text"
            value={name}
            placeholder="after the recording"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        {range !== undefined && (
          <Action kind="main" submits run={cut}>
            Make a clip
          </Action>
        )}
        {hasEnded && partCount > 1 && (
          <Action
            run={async () => {
              await client.join(recordingId);
              await clips.reload();
            }}
          >
            Join all parts
          </Action>
        )}
      </form>
      <Problem error={clips.error} onRetry={clips.reload} />
      {clips.value?.length === 0 && (
        <p class="empty">Draw over the strip, or write from when to when, to cut a piece out.</p>
      )}
      <ul class="list">
        {clips.value?.map((clip) => (
          <Made key={clip.clipId} clip={clip} reload={clips.reload} />
        ))}
      </ul>
    </section>
  );
}

/** A strip as long as the recording; whoever cannot draw writes the same into the fields. */
function Strip(props: {
  readonly wholeMs: number;
  readonly range: Range | undefined;
  readonly onRange: (range: Range) => void;
}) {
  const { wholeMs, range, onRange } = props;
  const beganMs = useRef<number | undefined>(undefined);
  const msOf = (event: PointerEvent & { currentTarget: HTMLElement }): number => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return ((event.clientX - left) / Math.max(1, width)) * wholeMs;
  };
  const percent = (ms: number): string => `${(ms / wholeMs) * 100}%`;
  return (
    <div
      class="track strip"
      aria-hidden="true"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        beganMs.current = msOf(event);
      }}
      onPointerMove={(event) => {
        if (beganMs.current !== undefined) onRange(rangeBetween(beganMs.current, msOf(event), wholeMs));
      }}
      onPointerUp={() => {
        beganMs.current = undefined;
      }}
      onPointerCancel={() => {
        beganMs.current = undefined;
      }}
    >
      {range !== undefined && (
        <span
          class="chosen"
          style={{ left: percent(range.fromMs), width: percent(range.toMs - range.fromMs) }}
        />
      )}
    </div>
  );
}

function Edge(props: {
  readonly label: string;
  readonly ms: number | undefined;
  readonly here: number | undefined;
  readonly onChange: (ms: number) => void;
}) {
  const { label, ms, here, onChange } = props;
  // What is being written stays, whatever is shown anew meanwhile.
  const [draft, setDraft] = useState<string | undefined>(undefined);
  return (
    <>
      <label>
        {label}{' '}
        <input
          type="text"
          class="time"
          inputMode="decimal"
          placeholder="0:00.0"
          value={draft ?? (ms === undefined ? '' : offsetText(ms))}
          onInput={(event) => setDraft(event.currentTarget.value)}
          onChange={(event) => {
            const given = parseOffset(event.currentTarget.value);
            if (given !== undefined) onChange(given);
            setDraft(undefined);
          }}
        />
      </label>
      <button
        type="button"
        disabled={here === undefined}
        title="Where the player is"
        aria-label={`${label} here`}
        onClick={() => here !== undefined && onChange(here)}
      >
        here
      </button>
    </>
  );
}

function Made({ clip, reload }: { readonly clip: Clip; readonly reload: () => Promise<void> }) {
  const { recordingId, clipId, kind, status, reason, durationMs, bytes, library, name, play, download } =
    clip;
  const file = library?.key.split('/').at(-1) ?? name ?? (kind === 'join' ? 'all parts' : 'clip');
  return (
    <li>
      <span class="name" title={library?.key ?? file}>
        {play === undefined ? file : <a href={play.url}>{file}</a>}
      </span>
      <span class={`badge ${status}`}>{status}</span>
      {reason !== undefined && (
        <span>
          {reason.message} <code>{reason.code}</code>
        </span>
      )}
      {durationMs !== undefined && <span>{stretch(durationMs)}</span>}
      {bytes !== undefined && <span>{byteCount(bytes)}</span>}
      <Time iso={clip.requestedAt} />
      {download !== undefined && <a href={download.url}>download</a>}
      <Action
        kind="danger"
        label={`Delete ${file}`}
        confirm={`Delete ${file} from the library? This cannot be undone.`}
        run={async () => {
          await client.removeClip(recordingId, clipId);
          await reload();
        }}
      >
        Delete
      </Action>
    </li>
  );
}
