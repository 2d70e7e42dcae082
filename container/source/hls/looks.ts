/** Looks that several wait for: one at a time. */
export class Looks {
  #present: { readonly over: Promise<void>; readonly signal: AbortSignal } | undefined;

  /**
   * Looks, or waits for the look that goes on.
   * @param look the signal aborts it
   * @throws as the look, if that is not another's, and aborted; what the signal is aborted with
   */
  async one(look: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const present = this.#present;
    if (present !== undefined) {
      await untilOver(present.over, present.signal, signal);
      return;
    }
    const over = look().finally(() => {
      this.#present = undefined;
    });
    this.#present = { over, signal };
    await over;
  }
}

/** @param its aborts what is waited for */
async function untilOver(what: Promise<void>, its: AbortSignal, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<void>();
  const onAbort = (): void => aborted.resolve();
  signal.addEventListener('abort', onAbort);
  const over = what.catch((error: unknown) => {
    if (!its.aborted) throw error;
  });
  await Promise.race([over, aborted.promise]).finally(() => signal.removeEventListener('abort', onAbort));
  signal.throwIfAborted();
}
