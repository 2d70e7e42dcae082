import { useEffect, useState } from 'preact/hooks';
import { isOurKey, stepped } from '../keys.ts';
import { loadTiles, PAGE, type Tiles } from '../nowModel.ts';
import { Action } from '../pieces/action.tsx';
import { Problem } from '../pieces/problem.tsx';
import { TileView } from '../pieces/tile.tsx';
import { usePolled } from '../polled.ts';
import { client } from '../session.ts';

const EVERY_MS = 1_500;

export function Now() {
  const [wanted, setWanted] = useState(PAGE);
  // As many requests a minute, however many pages are looked at.
  const everyMs = (EVERY_MS * wanted) / PAGE;
  const found = usePolled('now', everyMs, () => loadTiles(client, wanted));
  const { value, error, reload } = found;
  useEffect(() => {
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <>
      <h1>Now</h1>
      <Problem error={error} onRetry={reload} />
      {value === undefined && error === undefined && <p class="muted">Loading…</p>}
      {value?.tiles.length === 0 && <Empty />}
      {value !== undefined && value.tiles.length > 0 && <Keys />}
      <ul class="tiles">
        {value?.tiles.map((tile) => (
          <TileView key={tile.key} tile={tile} reload={reload} />
        ))}
      </ul>
      {value?.isCut === true && <Cut shown={value} onMore={() => setWanted(wanted + PAGE)} />}
      <RecordSource reload={reload} />
    </>
  );
}

/** There are more than are shown, and it says so. */
function Cut(props: { readonly shown: Tiles; readonly onMore: () => void }) {
  const { activeRecordings: all, wanted } = props.shown;
  return (
    <p class="row">
      <span>
        {all === undefined
          ? `The first ${wanted} streams are shown.`
          : `The newest ${wanted} of ${all.isMore ? 'more than ' : ''}${all.count} recordings that go on are shown.`}
      </span>
      <button type="button" onClick={props.onMore}>
        Show {PAGE} more
      </button>
    </p>
  );
}

/** Goes from tile to tile, and presses what the one with the focus has for the key. */
function onKey(event: KeyboardEvent): void {
  if (!isOurKey(event)) return;
  const tiles = [...document.querySelectorAll<HTMLElement>('.tile')];
  const at = tiles.findIndex((tile) => tile.contains(document.activeElement));
  const next = stepped(at, event.key, tiles.length);
  if (next !== at) tiles[next]?.focus();
  const buttons = [...(tiles[at]?.querySelectorAll('button') ?? [])];
  buttons.find((button) => button.getAttribute('aria-keyshortcuts') === event.key)?.click();
}

function Keys() {
  return (
    <p class="muted">
      Keys: <kbd>j</kbd> and <kbd>k</kbd> go to the next stream and back; with one chosen <kbd>s</kbd> records
      it, <kbd>x</kbd> stops it, <kbd>p</kbd> begins a new part, <kbd>w</kbd> watches it.
    </p>
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
        submits
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
