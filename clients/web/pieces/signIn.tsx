import { useEffect, useState } from 'preact/hooks';
import type { OidcSettings } from '../oidc.ts';
import {
  type ConsoleConfig,
  onSession,
  readConfig,
  sessionView,
  signInAtIssuer,
  signInBasic,
  signOut,
} from '../session.ts';

const ASK_AGAIN_MS = 2_000;

/** Shown in place of what the API does not say to somebody whom it does not know. */
export function SignIn() {
  const { hasEnded, refusal } = useSession();
  const config = useConsoleConfig();
  if (config === undefined) return <p class="muted">Loading…</p>;
  return (
    <div class="problem" role="alert">
      {refusal !== undefined && (
        <p>
          {refusal.message} <code>{refusal.code}</code>
        </p>
      )}
      <p>
        {hasEnded ? 'Your session has ended. Sign in again, and go on here.' : 'The API asks who you are.'}
      </p>
      {config.signIn === undefined ? <Basic /> : <AtIssuer settings={config.signIn} />}
    </div>
  );
}

function AtIssuer({ settings }: { readonly settings: OidcSettings }) {
  const [isLeaving, setLeaving] = useState(false);
  const leave = async (): Promise<void> => {
    setLeaving(true);
    await signInAtIssuer(settings);
    setLeaving(false);
  };
  return (
    <button
      type="button"
      class="main"
      disabled={isLeaving}
      aria-busy={isLeaving}
      onClick={() => void leave()}
    >
      Sign in at {new URL(settings.issuer).host}
    </button>
  );
}

function Basic() {
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        const fields = new FormData(event.currentTarget as HTMLFormElement);
        signInBasic(String(fields.get('username')), String(fields.get('password')));
      }}
    >
      <label>
        User name <input name="username" autocomplete="username" required />
      </label>
      <label>
        Password <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <button type="submit">Sign in</button>
    </form>
  );
}

/** In the head of the page, while somebody is signed in. */
export function SignOut() {
  if (!useSession().isSignedIn) return null;
  return (
    <button type="button" onClick={() => void signOut()}>
      Sign out
    </button>
  );
}

function useSession(): ReturnType<typeof sessionView> {
  const [shown, setShown] = useState(sessionView);
  useEffect(() => onSession(() => setShown(sessionView())), []);
  return shown;
}

/** How one signs in here, once the deployment has said it; one that does not answer is asked again. */
function useConsoleConfig(): ConsoleConfig | undefined {
  const [config, setConfig] = useState<ConsoleConfig | undefined>(undefined);
  useEffect(() => {
    let isOver = false;
    let timer: number | undefined;
    const ask = async (): Promise<void> => {
      try {
        const found = await readConfig();
        if (!isOver) setConfig(found);
      } catch {
        if (!isOver) timer = window.setTimeout(() => void ask(), ASK_AGAIN_MS);
      }
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, []);
  return config;
}
