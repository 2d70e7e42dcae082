/** Of an S3 part: 8 MiB that are filled in a quarter of a minute are not all held from its beginning. */
export const SLICE_BYTES = 512 * 1024;
/** What all needed at once within so long, or twice as long, is needed again: an S3 part is filled in a quarter of a minute. */
const PERIOD_MS = 30_000;
/** More was needed while S3 was slow. */
const FREE_MAX = 96;

/**
 * Slices of memory that are used again, by all recordings of a process. Fresh ones for each S3 part would stay in memory until
 * a full garbage collection finds them, and make V8 collect often: that was a third of the recorder's CPU. A pool for each
 * recording would keep those that are needed while an S3 part is on its way, which others can use most of the time.
 *
 * Recordings that were started together end their S3 parts together, and need as many slices again until the next ones end: given
 * back to the system meanwhile, they would come back page by page, each cleared by the kernel.
 */
export class BufferPool {
  readonly #free: Buffer[] = [];
  /** How often each is to be given back before nobody reads it: once more than that. */
  readonly #holds = new Map<Buffer, number>();
  readonly #nowMs: () => number;
  #users = 0;
  #taken = 0;
  /** At once, in this period and the one before. */
  #most = 0;
  #mostBefore = 0;
  #periodFromMs: number;

  /** @param nowMs of any beginning */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#periodFromMs = nowMs();
  }

  /** Somebody records. */
  open(): void {
    this.#users += 1;
  }

  /** Its content is whatever was there before. */
  take(): Buffer {
    this.#taken += 1;
    this.#most = Math.max(this.#most, this.#taken);
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(SLICE_BYTES);
  }

  /** Somebody else reads what was taken, and gives it back as well. */
  hold(slice: Buffer): void {
    this.#holds.set(slice, (this.#holds.get(slice) ?? 0) + 1);
  }

  /** Whoever took or holds it does not read or write it any more. */
  give(slice: Buffer): void {
    const others = this.#holds.get(slice) ?? 0;
    if (others > 1) this.#holds.set(slice, others - 1);
    else if (others === 1) this.#holds.delete(slice);
    else this.#giveBack(slice);
  }

  #giveBack(slice: Buffer): void {
    this.#taken -= 1;
    this.#free.push(slice);
    this.#trim();
  }

  /** Somebody records no more. After the last one all goes back to the system, and what is given back from then on. */
  close(): void {
    this.#users -= 1;
    this.#trim();
  }

  #trim(): void {
    this.#look();
    const max =
      this.#users === 0 ? 0 : Math.min(FREE_MAX, Math.max(this.#most, this.#mostBefore) - this.#taken);
    while (this.#free.length > max) release(this.#free.pop() as Buffer);
  }

  #look(): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#periodFromMs < PERIOD_MS) return;
    this.#mostBefore = this.#most;
    this.#most = this.#taken;
    this.#periodFromMs = nowMs;
  }
}

/** The memory itself is given back with the transfer, not when a garbage collection comes. */
function release(slice: Buffer): void {
  (slice.buffer as ArrayBuffer).transfer(0);
}
