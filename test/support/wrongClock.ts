import { mkdirSync } from 'node:fs';
import path from 'node:path';

/**
 * Loaded into recorders before anything else (`--import`): their clocks are wrong by an hour. The first process that comes
 * is ahead, others are behind; what one of them starts has its clock.
 */
const HOUR_MS = 3_600_000;
const { SPOOL_DIR = '', CLOCK_WRONG_BY_MS: inherited } = process.env;

function isFirst(): boolean {
  mkdirSync(SPOOL_DIR, { recursive: true });
  try {
    mkdirSync(path.join(SPOOL_DIR, 'ahead'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

const wrongByMs = inherited === undefined ? (isFirst() ? HOUR_MS : -HOUR_MS) : Number(inherited);
process.env.CLOCK_WRONG_BY_MS = String(wrongByMs);
const right = Date.now;
globalThis.Date = class extends Date {
  constructor(...given: readonly unknown[]) {
    super(...((given.length === 0 ? [right() + wrongByMs] : given) as [number]));
  }

  static override now(): number {
    return right() + wrongByMs;
  }
} as DateConstructor;
