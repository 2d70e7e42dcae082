import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  HOST_SILENT,
  isWorry,
  QUEUE_ADVICE,
  RECONCILE_LATE,
  RECORDING_ADVICE,
} from '../../../clients/web/healthModel.ts';
import { WATCHED_QUEUES } from '../../../infra/wiringTypes.ts';

const operations = readFileSync(
  path.resolve(import.meta.dirname, '../../../docs/operations.md'),
  'utf8',
).split('\n');
const NOW_MS = Date.UTC(2026, 10, 28, 12);
const recording = { recordingId: 'r', mediaSessionId: 'm', streamName: 's', parts: 0 };
const beforeMs = (ms: number): string => new Date(NOW_MS - ms).toISOString();

describe('what would worry an operator', () => {
  it('has an advice for each queue of GET /status', () => {
    expect(Object.keys(QUEUE_ADVICE).sort()).toEqual([...WATCHED_QUEUES].sort());
  });

  it('leads to sections that docs/operations.md has', () => {
    const all = [
      ...Object.values(RECORDING_ADVICE),
      ...Object.values(QUEUE_ADVICE),
      HOST_SILENT,
      RECONCILE_LATE,
    ];
    for (const { section } of all) {
      expect(
        operations.filter((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === section),
      ).toHaveLength(1);
    }
  });

  it('is what has failed, and what takes longer than it does where all is well', () => {
    const one = { ...recording, status: 'stopping', requestedAt: beforeMs(3_600_000) } as const;
    expect(isWorry({ ...one, status: 'failed' }, NOW_MS)).toBe(true);
    expect(isWorry({ ...one, status: 'recording' }, NOW_MS)).toBe(false);
    // By the stop, however long it was recorded.
    expect(isWorry({ ...one, stopRequestedAt: beforeMs(180_000) }, NOW_MS)).toBe(false);
    expect(isWorry({ ...one, stopRequestedAt: beforeMs(180_001) }, NOW_MS)).toBe(true);
  });
});
