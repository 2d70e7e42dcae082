import type { Fragment } from '../../functions/core/media/types.ts';

/** Between what a source says of its times and those of its samples. */
const ROUNDING_MS = 20;

/** Where a file ends, by the wall clock in epoch milliseconds: its tracks do not end together. */
export class FileEnd {
  /** Where a track ends of which nothing has come: where the file begins. */
  #picturesAtMs: number;
  #soundAtMs: number;

  constructor(beganAtMs: number) {
    this.#picturesAtMs = beganAtMs;
    this.#soundAtMs = beganAtMs;
  }

  get atMs(): number {
    return Math.max(this.#picturesAtMs, this.#soundAtMs);
  }

  /** A fragment is added. @param zeroAtMs wall clock of its time zero */
  take({ picturesUntilMs, soundUntilMs }: Fragment, zeroAtMs: number): void {
    const later = (atMs: number, untilMs = Number.NEGATIVE_INFINITY): number =>
      Math.max(atMs, zeroAtMs + untilMs);
    this.#picturesAtMs = later(this.#picturesAtMs, picturesUntilMs);
    this.#soundAtMs = later(this.#soundAtMs, soundUntilMs);
  }

  /**
   * Whether a fragment's pictures go on behind those that there are; its sound, where it has no pictures.
   * @param zeroAtMs wall clock of its time zero
   */
  goesOnWith({ startMs, picturesFromMs, soundFromMs = startMs }: Fragment, zeroAtMs: number): boolean {
    const [fromMs, untilMs] =
      picturesFromMs === undefined ? [soundFromMs, this.#soundAtMs] : [picturesFromMs, this.#picturesAtMs];
    return zeroAtMs + fromMs >= untilMs - ROUNDING_MS;
  }

  /** Whether there is as much already of each of a fragment's tracks. @param zeroAtMs wall clock of its time zero */
  covers({ picturesUntilMs, soundUntilMs }: Fragment, zeroAtMs: number): boolean {
    const isCovered = (untilMs: number | undefined, atMs: number): boolean =>
      untilMs === undefined || zeroAtMs + untilMs <= atMs;
    return isCovered(picturesUntilMs, this.#picturesAtMs) && isCovered(soundUntilMs, this.#soundAtMs);
  }

  /** How long before the end a fragment may begin without any of its tracks lying over what there is of it. */
  leadMs({ startMs, picturesFromMs = startMs, soundFromMs = startMs }: Fragment): number {
    const picturesMs = this.atMs - this.#picturesAtMs + picturesFromMs - startMs;
    const soundMs = this.atMs - this.#soundAtMs + soundFromMs - startMs;
    return Math.min(picturesMs, soundMs);
  }
}
