/** Somebody outside knows that something was asked of a recording: its next look is due now. */
export class Nudges {
  #listener: (() => void) | undefined;

  listen(listener: () => void): void {
    this.#listener = listener;
  }

  /** Without a listener yet it is not needed: who begins looks anyway. */
  nudge(): void {
    this.#listener?.();
  }
}
