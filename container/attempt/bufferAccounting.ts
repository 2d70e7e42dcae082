import { flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

/** What a recorder begins with has been compiled by then, and few buffers have been made. */
const AFTER_MS = 5_000;

/**
 * Buffers lie outside of V8's heap, and count as growth of it by default: V8 then looks through all of it after each 10 MB of
 * them (docs/decisions/recorder-cpu.md). It is told so when the process has begun, and not by an argument of Node's: V8 takes no
 * code that was compiled under other flags, so what Node's own program file has of its modules was compiled anew each time.
 */
export function countBuffersWhereTheyLie(): void {
  setTimeout(() => {
    // What is compiled from now on is of other flags: where Node is to keep it for the next process, it keeps what there is.
    flushCompileCache();
    setFlagsFromString('--external-memory-accounted-in-global-limit');
  }, AFTER_MS).unref();
}
