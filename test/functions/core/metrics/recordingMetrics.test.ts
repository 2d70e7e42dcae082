import { describe, expect, it } from 'vitest';
import {
  outcomeMetrics,
  partMetrics,
  startMetrics,
} from '../../../../functions/core/metrics/recordingMetrics.ts';
import { END_CODES } from '../../../../functions/core/state/objects.ts';

describe('what is measured of recordings', () => {
  it('is how long a start took, never less than nothing', () => {
    expect(startMetrics({ requestedAtMs: 1_000 }, { startTimeMs: 3_500.4 })).toEqual({
      'recording.started': { value: 1, unit: 'Count' },
      'recording.startLatencyMs': { value: 2_500, unit: 'Milliseconds' },
    });
    // The source's clock may be behind ours.
    expect(startMetrics({ requestedAtMs: 1_000 }, { startTimeMs: 900 })).toMatchObject({
      'recording.startLatencyMs': { value: 0 },
    });
  });

  it('is what a lost recorder has cost', () => {
    expect(partMetrics({ recovered: false })).toEqual({});
    expect(partMetrics({ recovered: true, estimatedLossMs: 1_200 })).toEqual({
      'recording.recoveredParts': { value: 1, unit: 'Count' },
      'recording.lostMs': { value: 1_200, unit: 'Milliseconds' },
    });
  });

  it('is a failure of ours where neither source nor caller is the cause', () => {
    const ours = END_CODES.filter((code) => {
      const metrics = outcomeMetrics({ status: 'failed', reason: { code, message: '' } });
      expect(metrics).toHaveProperty(['recording.failed']);
      return 'recording.recorderFailed' in metrics;
    });
    expect(ours.sort()).toEqual([
      'interrupted',
      'never_started',
      'recorder_failed',
      'spool_full',
      'storage_failed',
    ]);
    expect(outcomeMetrics({ status: 'finished', reason: { code: 'interrupted', message: '' } })).toEqual({
      'recording.finished': { value: 1, unit: 'Count' },
    });
  });
});
