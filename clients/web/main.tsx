import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { isOurKey } from './keys.ts';
import { Guard } from './pieces/guard.tsx';
import { SignOut } from './pieces/signIn.tsx';
import { useRoute } from './route.ts';
import { Health } from './screens/health.tsx';
import { Library } from './screens/library.tsx';
import { Now } from './screens/now.tsx';
import { Recording } from './screens/recording.tsx';
import { Room, Rooms } from './screens/rooms.tsx';
import { startSession } from './session.ts';

/** The console: a page over the public API alone. */
const SCREENS = [
  { address: '#/now', key: 'n', name: 'Now' },
  { address: '#/library', key: 'l', name: 'Library' },
  { address: '#/rooms', key: 'r', name: 'Rooms' },
  { address: '#/health', key: 'h', name: 'Health' },
] as const;

function App() {
  const route = useRoute();
  useEffect(() => {
    const go = (event: KeyboardEvent): void => {
      if (!isOurKey(event)) return;
      const screen = SCREENS.find(({ key }) => key === event.key);
      if (screen !== undefined) location.hash = screen.address;
    };
    addEventListener('keydown', go);
    return () => removeEventListener('keydown', go);
  }, []);
  return (
    <>
      <header>
        <strong>Stream Recorder</strong>
        <nav aria-label="Screens">
          {SCREENS.map(({ address, key, name }) => (
            <a
              key={address}
              href={address}
              title={`Key: ${key}`}
              aria-current={address === `#/${route.screen}` ? 'page' : undefined}
            >
              {name}
            </a>
          ))}
        </nav>
        <SignOut />
      </header>
      <main>
        <Guard key={location.hash.split('?', 1)[0]}>
          {route.screen === 'now' && <Now />}
          {route.screen === 'library' && <Library query={route.query} />}
          {route.screen === 'recording' && <Recording recordingId={route.recordingId} />}
          {route.screen === 'rooms' && <Rooms />}
          {route.screen === 'room' && <Room room={route.room} />}
          {route.screen === 'health' && <Health />}
          {route.screen === 'unknown' && (
            <p class="empty">
              There is no such screen. <a href="#/now">Now</a> shows what goes on.
            </p>
          )}
        </Guard>
      </main>
    </>
  );
}

const root = document.getElementById('app');
await startSession();
if (root !== null) render(<App />, root);
