import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type ApiError, asApiError } from '../typescript/client.ts';
import { onSession, serverNowMs } from './session.ts';

export interface Polled<T> {
  readonly value: T | undefined;
  /** What went wrong at the last try; the value is the one before. */
  readonly error: ApiError | undefined;
  /** Loads at once, and answers when that is done. */
  readonly reload: () => Promise<void>;
}

/** While the API does not answer it is asked less and less often, up to this. */
const SLOWEST_MS = 15_000;

/**
 * Loads something now and then again and again, while the page can be seen, and until the API says that it is gone.
 * @param key another key is another thing: what was loaded before is forgotten
 * @param isWanted while it is not, nothing is asked, and what was loaded stays
 */
export function usePolled<T>(
  key: string,
  everyMs: number,
  load: () => Promise<T>,
  isWanted = true,
): Polled<T> {
  const [state, setState] = useState<{ key: string; value?: T; error?: ApiError }>({ key });
  const latest = useRef(load);
  latest.current = load;
  const failures = useRef(0);
  /** The API has it no more: it is asked again when somebody wants it. */
  const isGone = useRef(false);

  const reload = useCallback(async () => {
    try {
      const value = await latest.current();
      failures.current = 0;
      isGone.current = false;
      setState({ key, value });
    } catch (cause) {
      failures.current += 1;
      const error = asApiError(cause);
      isGone.current = error.status === 404;
      setState((before) => (before.key === key ? { ...before, error } : { key, error }));
    }
  }, [key]);

  useEffect(() => {
    if (!isWanted) return;
    let timer: number | undefined;
    let isOver = false;
    isGone.current = false;
    const run = async (): Promise<void> => {
      if (document.visibilityState === 'visible' && !isGone.current) await reload();
      if (isOver) return;
      timer = window.setTimeout(() => void run(), Math.min(SLOWEST_MS, everyMs * 2 ** failures.current));
    };
    const now = (): void => {
      clearTimeout(timer);
      void run();
    };
    void run();
    document.addEventListener('visibilitychange', now);
    const forget = onSession(now);
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', now);
      forget();
    };
  }, [reload, everyMs, isWanted]);

  return {
    value: state.key === key ? state.value : undefined,
    error: state.key === key ? state.error : undefined,
    reload,
  };
}

/** The API's time, again each second, for what counts up. */
export function useNow(everyMs = 1000): number {
  const [nowMs, setNowMs] = useState(serverNowMs());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(serverNowMs()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}
