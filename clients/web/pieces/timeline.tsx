import { clockText, stretch as lasting } from '../format.ts';
import { type Stretch, totalMs } from '../timelineModel.ts';
import { Time } from './time.tsx';

export interface TimelineProps {
  readonly stretches: readonly Stretch[];
  /** Where the player is, wall clock. */
  readonly playheadMs: number | undefined;
  readonly onSeek: (stretch: Stretch, atMs: number) => void;
}

const TAB_STOPS_MAX = 100;
const isoOf = (ms: number): string => new Date(ms).toISOString();

/** A recording in wall-clock time: each stretch a button that plays from where it is pressed; what is missing, with its cause. */
export function Timeline({ stretches, playheadMs, onSeek }: TimelineProps) {
  const first = stretches[0];
  const last = stretches.at(-1);
  if (first === undefined || last === undefined) return null;
  const wholeMs = Math.max(1, last.endMs - first.startMs);
  const percent = (ms: number): string => `${((ms - first.startMs) / wholeMs) * 100}%`;
  const missingMs = totalMs(stretches, 'missing');
  // Nobody wants to go by keys past a thousand of them; the player's own time line goes anywhere.
  const tabIndex = stretches.length > TAB_STOPS_MAX ? -1 : 0;
  return (
    <figure class="timeline">
      <div class="track">
        {stretches.map((one) => {
          const place = {
            left: percent(one.startMs),
            width: `${((one.endMs - one.startMs) / wholeMs) * 100}%`,
          };
          const long = lasting(one.endMs - one.startMs);
          return one.kind === 'missing' ? (
            <span
              key={one.startMs}
              class="missing"
              style={place}
              role="img"
              aria-label={`${long} missing: ${one.cause}`}
              title={`${long} missing: ${one.cause}`}
            />
          ) : (
            <button
              key={one.startMs}
              type="button"
              tabIndex={tabIndex}
              class="recorded"
              style={place}
              title={`Part ${one.part}, ${clockText(one.startMs)}, ${long}`}
              aria-label={`Play part ${one.part} from ${new Date(one.startMs).toLocaleTimeString()}`}
              onClick={(event) => {
                const box = event.currentTarget.getBoundingClientRect();
                const share = event.detail === 0 ? 0 : (event.clientX - box.left) / Math.max(1, box.width);
                onSeek(one, (one.atMs ?? 0) + share * (one.endMs - one.startMs));
              }}
            />
          );
        })}
        {playheadMs !== undefined && <span class="playhead" style={{ left: percent(playheadMs) }} />}
      </div>
      <figcaption>
        <Time iso={isoOf(first.startMs)} clock /> to <Time iso={isoOf(last.endMs)} clock />, recorded{' '}
        {lasting(totalMs(stretches, 'recorded'))}
        {missingMs > 0 && <strong>, missing {lasting(missingMs)}</strong>}
      </figcaption>
    </figure>
  );
}
