/** What is open, in the order in which it was opened. */
export class Closers {
  readonly #closers: (() => void | Promise<void>)[] = [];

  add(close: () => void | Promise<void>): void {
    this.#closers.push(close);
  }

  /**
   * Closes the newest first: whoever calls is gone before what it calls. One that fails does not keep the others open.
   * @throws AggregateError with all that failed
   */
  async closeAll(): Promise<void> {
    const errors: unknown[] = [];
    for (const close of this.#closers.splice(0).toReversed()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'The runtime did not close well.');
  }
}
