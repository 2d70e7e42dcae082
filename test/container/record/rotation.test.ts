import { describe, expect, it } from 'vitest';
import { Rotation } from '../../../container/record/rotation.ts';
import type { Rotation as Rule } from '../../../functions/core/settings/settings.ts';
import { DEFAULT_SETTINGS } from '../../../functions/core/settings/settings.ts';
import type { Job } from '../../../functions/core/state/objects.ts';

function job(rotation: Rule, room?: string): Job {
  return {
    recordingId: '01KAVYBT0000000000000000AA',
    mediaSessionId: 'm1',
    requestedAtMs: 0,
    requestId: 'r',
    source: { url: 'rtmp://h/a/b' },
    stream: { name: 's', ...(room === undefined ? {} : { room }) },
    settings: { ...DEFAULT_SETTINGS, rotation },
  };
}
const part = { durationMs: 1_000, bytes: 5_000, mustRoll: false };
const lasting = (durationMs: number) => ({ ...part, durationMs });
const fragment = (startMs: number, keyframe = true) => ({
  bytes: Buffer.alloc(0),
  startMs,
  endMs: startMs + 1_000,
  keyframe,
});
const HOUR_MS = 3_600_000;

describe('Rotation', () => {
  it('by time: at the first keyframe after the limit', () => {
    const rotation = new Rotation(job({ kind: 'time', everyMs: 10_000 }));
    expect(rotation.isDue(lasting(9_999), fragment(10_999), 1)).toBe(false);
    expect(rotation.isDue(lasting(10_000), fragment(11_000, false), 1)).toBe(false);
    expect(rotation.isDue(lasting(10_000), fragment(11_000), 1)).toBe(true);
  });

  it('by size: once the part has as many bytes', () => {
    const rotation = new Rotation(job({ kind: 'size', everyBytes: 5_001 }));
    expect(rotation.isDue(part, fragment(2_000), 1)).toBe(false);
    expect(rotation.isDue({ ...part, bytes: 5_001 }, fragment(2_000), 1)).toBe(true);
  });

  it('is off in a chat room, whose files could not be merged', () => {
    const rotation = new Rotation(job({ kind: 'time', everyMs: 1_000 }, 'room1'));
    expect(rotation.isDue(lasting(100_000), fragment(100_000), 1)).toBe(false);
  });

  it('by command: once, at the next keyframe', () => {
    const rotation = new Rotation(job({ kind: 'none' }));
    rotation.ask();
    expect(rotation.isDue(part, fragment(2_000, false), 1)).toBe(false);
    expect(rotation.isDue(part, fragment(3_000), 1)).toBe(true);
    expect(rotation.isDue(part, fragment(4_000), 1)).toBe(false);
  });

  it('waits while many parts wait for S3, and is due when there are fewer', () => {
    const rotation = new Rotation(job({ kind: 'time', everyMs: 1_000 }));
    rotation.ask();
    expect(rotation.isDue(part, fragment(2_000), 21)).toBe(false);
    expect(rotation.isDue(part, fragment(3_000), 20)).toBe(true);
    expect(rotation.isDue(lasting(24 * HOUR_MS), fragment(0), 1_000)).toBe(true);
  });

  it('always before a day, and before S3 takes no more parts', () => {
    const rotation = new Rotation(job({ kind: 'none' }, 'room1'));
    expect(rotation.isDue(lasting(24 * HOUR_MS - 1), fragment(0), 1)).toBe(false);
    expect(rotation.isDue(lasting(24 * HOUR_MS), fragment(0), 1)).toBe(true);
    expect(rotation.isDue({ ...part, mustRoll: true }, fragment(2_000), 1)).toBe(true);
  });
});
