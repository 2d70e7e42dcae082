import { ApiError, recorderClient } from '../typescript/client.ts';
import { ServerClock } from '../typescript/serverClock.ts';
import {
  finishSignIn,
  hasComeBack,
  leaveToSignIn,
  leaveToSignOut,
  type OidcSettings,
  type OidcTokens,
  refresh,
} from './oidc.ts';

/** What a deployment says of signing in. Without `signIn` the API takes HTTP Basic. */
export interface ConsoleConfig {
  readonly signIn?: OidcSettings;
}

/** Who is signed in: kept in memory alone, so a reload forgets it. */
type Session =
  | { readonly kind: 'basic'; readonly authorization: string }
  | { readonly kind: 'oidc'; readonly settings: OidcSettings; readonly tokens: OidcTokens };
let session: Session | undefined;
/** There was one, and the API takes it no more. */
let hasEnded = false;
/** Why the last sign-in at the issuer came to nothing. */
let refusal: ApiError | undefined;
let timer: number | undefined;
const clock = new ServerClock();
const listeners = new Set<() => void>();

/** Tokens are renewed so long before they end, or after half of their time. */
const RENEW_BEFORE_MS = 60_000;
/** Longer than any token should live, and what a timer can wait. */
const LONGEST_WAIT_MS = 86_400_000;

async function send(request: Request): Promise<Response> {
  const answer = await fetch(request);
  clock.note(answer);
  return answer;
}

const authorizationOf = (one: Session | undefined): string | undefined =>
  one?.kind === 'oidc' ? `Bearer ${one.tokens.bearer}` : one?.authorization;

export const client = recorderClient({
  baseUrl: location.origin,
  authorization: () => authorizationOf(session),
  async fetch(request) {
    const sentAs = session;
    const again = sentAs?.kind === 'oidc' ? request.clone() : undefined;
    const answer = await send(request);
    if (answer.status !== 401 || sentAs === undefined) return answer;
    // A machine that slept has missed its timer: nothing was done, and with a new token it may be asked again.
    if (again !== undefined && (await renewed(sentAs))) {
      again.headers.set('authorization', authorizationOf(session) ?? '');
      return await send(again);
    }
    if (session === sentAs) become(undefined, { ended: true });
    return answer;
  },
});

/** The API's time, epoch milliseconds. */
export const serverNowMs = (): number => clock.nowMs();
const skewSeconds = (): number => Math.round(clock.offsetMs / 1000);

function become(next: Session | undefined, { ended }: { ended: boolean }): void {
  session = next;
  hasEnded = ended;
  if (next !== undefined) refusal = undefined;
  clearTimeout(timer);
  if (next?.kind === 'oidc' && next.tokens.refreshToken !== undefined) {
    const { expiresInMs } = next.tokens;
    if (expiresInMs !== undefined) {
      const waitMs = Math.max(expiresInMs / 2, expiresInMs - RENEW_BEFORE_MS);
      timer = window.setTimeout(() => void renewed(next), Math.min(LONGEST_WAIT_MS, waitMs));
    }
  }
  for (const listener of listeners) listener();
}

let renewal: Promise<boolean> | undefined;
/** New tokens in place of these, asked for once however many want them: a refresh token is good for one use. */
function renewed(old: Session): Promise<boolean> {
  if (session !== old) return Promise.resolve(session !== undefined);
  renewal ??= renew(old).finally(() => {
    renewal = undefined;
  });
  return renewal;
}

async function renew(old: Session): Promise<boolean> {
  if (old.kind !== 'oidc' || old.tokens.refreshToken === undefined) return false;
  const { settings, tokens } = old;
  try {
    const next = await refresh(settings, old.tokens.refreshToken, skewSeconds());
    become(
      { kind: 'oidc', settings, tokens: { ...next, idToken: next.idToken ?? tokens.idToken } },
      { ended: false },
    );
    return true;
  } catch (cause) {
    // The token that there is may be good for a while yet; then the API says that it is not.
    console.warn('The session could not be renewed', cause);
    return false;
  }
}

/** @throws what `fetch` throws, and ApiError */
export async function readConfig(): Promise<ConsoleConfig> {
  const answer = await send(new Request('/console/config.json', { cache: 'no-cache' }));
  if (!answer.ok)
    throw new ApiError(`The answer was ${answer.status}.`, { status: answer.status, code: 'unknown' });
  return (await answer.json()) as ConsoleConfig;
}

/** Before anything is shown: where the issuer has sent the user back, his session begins. */
export async function startSession(): Promise<void> {
  if (!hasComeBack()) return;
  try {
    const { signIn: settings } = await readConfig();
    if (settings === undefined) return;
    const tokens = await finishSignIn(settings, skewSeconds());
    become({ kind: 'oidc', settings, tokens }, { ended: false });
  } catch (cause) {
    refusal = failed('Signing in', cause);
  }
}

function failed(what: string, cause: unknown): ApiError {
  const { error_description: said, message } = cause as { error_description?: string; message?: string };
  return new ApiError(`${what} did not work: ${said ?? message ?? String(cause)}`, {
    status: 0,
    code: 'sign_in_failed',
    cause,
  });
}

/** What went wrong at the issuer is shown where one signs in. */
function refuse(error: ApiError): void {
  refusal = error;
  for (const listener of listeners) listener();
}

export function signInBasic(username: string, password: string): void {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  become({ kind: 'basic', authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` }, { ended: false });
}

/** Leaves for the issuer, which sends the user back to the same screen. */
export async function signInAtIssuer(settings: OidcSettings): Promise<void> {
  try {
    await leaveToSignIn(settings);
  } catch (cause) {
    refuse(failed('Signing in', cause));
  }
}

export async function signOut(): Promise<void> {
  const old = session;
  become(undefined, { ended: false });
  if (old?.kind !== 'oidc') return;
  try {
    await leaveToSignOut(old.settings, old.tokens.idToken);
  } catch (cause) {
    refuse(failed('Signing out at the issuer', cause));
  }
}

/** Whether somebody is signed in, whether the session before ended by itself, and why the last sign-in came to nothing. */
export const sessionView = () => ({ isSignedIn: session !== undefined, hasEnded, refusal });

/** Told of each sign-in and its end, so that what failed for want of it is tried again. */
export function onSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export const needsSignIn = (error: ApiError | undefined): boolean => error?.status === 401;
