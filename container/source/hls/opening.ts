import { HttpFault } from '../reach/judgedHttp.ts';

/** So long it is the same that is asked for, from its playlist on. */
const SAME_MS = 3_000;

/** What is to be done about what could not be had. */
export type OpeningStep =
  /** Nothing: it is as its server says. */
  | 'giveUp'
  /** The same again, from its playlist on. */
  | 'again'
  /** Another variant, or what comes after it. */
  | 'another';

/**
 * A stream that nothing has come of yet: packagers write playlists before what these name, and servers that have just been
 * started answer with errors. So what a source's playlist leads to is asked for until the recorder has waited long enough.
 */
export class Opening {
  #sinceMs: number | undefined;
  #fault: HttpFault | undefined;

  /** The last fault, of those after which it went on. */
  get fault(): HttpFault | undefined {
    return this.#fault;
  }

  /** @param nowMs of a clock that never goes back */
  step(error: unknown, nowMs: number): OpeningStep {
    if (!(error instanceof HttpFault) || isFinal(error)) return 'giveUp';
    this.#fault = error;
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs < SAME_MS) return 'again';
    this.#sinceMs = undefined;
    return 'another';
  }
}

/** Whoever asks for other credentials, or sends whoever asks in circles, does so again. */
const isFinal = ({ status = 0 }: HttpFault): boolean => status === 401 || (status >= 300 && status < 400);
