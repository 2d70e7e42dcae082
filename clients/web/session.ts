import { type ApiError, recorderClient } from '../typescript/client.ts';

/** Who is signed in: kept in memory alone, so a reload forgets it. */
let authorization: string | undefined;
/** The API's clock against this machine's, which may be wrong by a day. */
let clockOffsetMs = 0;
const listeners = new Set<() => void>();

export const client = recorderClient({
  baseUrl: location.origin,
  authorization: () => authorization,
  fetch: async (request) => {
    const answer = await fetch(request);
    const serverMs = Date.parse(answer.headers.get('date') ?? '');
    // The header has whole seconds: what is less than that apart is no difference.
    const offsetMs = serverMs - Date.now();
    if (Number.isFinite(offsetMs)) clockOffsetMs = Math.abs(offsetMs) < 2_000 ? 0 : offsetMs;
    return answer;
  },
});

/** The API's time, epoch milliseconds. */
export const serverNowMs = (): number => Date.now() + clockOffsetMs;

export function signIn(username: string, password: string): void {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  authorization = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  for (const listener of listeners) listener();
}

/** Told after each sign-in, so that what failed for want of it is tried again. */
export function onSignIn(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export const needsSignIn = (error: ApiError | undefined): boolean => error?.status === 401;
