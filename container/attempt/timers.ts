/** What arms and disarms a timer; tests hand in their own. */
export interface Timers {
  readonly setTimeout: (run: () => void, ms: number) => NodeJS.Timeout;
  readonly clearTimeout: (timer: NodeJS.Timeout) => void;
}
