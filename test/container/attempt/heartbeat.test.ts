import { describe, expect, it } from 'vitest';
import { Heartbeat, progressMetrics } from '../../../container/attempt/heartbeat.ts';
import { progressSchema } from '../../../functions/core/state/objects.ts';

const measure = {
  part: 1,
  bytes: 1_000_000,
  uploadedBytes: 500_000,
  durationMs: 10_000.4,
  videoFrames: 250,
  spoolBytes: 0,
  tailAgeMs: 700,
};

describe('Heartbeat', () => {
  it('gives rates since the beat before', () => {
    const heartbeat = new Heartbeat(2);
    heartbeat.beat(1_000, measure);
    const next = heartbeat.beat(16_000, { ...measure, bytes: 8_500_000, videoFrames: 625 });
    expect(next).toMatchObject({ bitrateBps: 4_000_000, fps: 25, durationMs: 10_000, tailAgeMs: 700 });
    expect(progressSchema.parse(next)).toEqual(next);
  });

  it('gives those of what was recorded with the first beat, and none before anything was', () => {
    const first = new Heartbeat(2).beat(1_000, measure);
    expect(first).toMatchObject({ attempt: 2, bitrateBps: 799_968, fps: 25 });
    const nothing = { ...measure, bytes: 0, durationMs: 0, videoFrames: 0 };
    expect(new Heartbeat(2).beat(1_000, nothing)).toMatchObject({ bitrateBps: 0, fps: 0 });
  });

  it('is a set of metrics too, in the format that CloudWatch reads', () => {
    const line = progressMetrics(new Heartbeat(1).beat(1_000, measure));
    expect(line).toMatchObject({
      _aws: {
        Timestamp: 1_000,
        CloudWatchMetrics: [{ Namespace: 'StreamRecorder', Dimensions: [['source']] }],
      },
      source: 'recorder',
      'recorder.tailAgeMs': 700,
    });
    const [{ Metrics }] = (line._aws as { CloudWatchMetrics: [{ Metrics: { Name: string }[] }] })
      .CloudWatchMetrics;
    for (const { Name } of Metrics) expect(line[Name]).toBeTypeOf('number');
  });
});
