import { useState } from 'preact/hooks';
import type { RecordingEvent } from '../../typescript/client.ts';
import { stretch } from '../format.ts';

/** The latest, so many at first: a day rotated by the minute has thousands. */
const SHOWN = 200;

/** What happened to a recording. */
export function Story({ events }: { readonly events: readonly RecordingEvent[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? events : events.slice(-SHOWN);
  const before = events.length - shown.length;
  return (
    <section>
      <h2>What happened</h2>
      {before > 0 && (
        <button type="button" onClick={() => setAll(true)}>
          Show the {before} events before
        </button>
      )}
      <ol class="story">
        {shown.map(({ at, afterMs, type, ...fields }) => (
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
