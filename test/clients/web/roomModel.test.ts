import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RoomRecording, roomRows } from '../../../clients/web/roomModel.ts';

const T = Date.parse('2026-11-28T10:00:00Z');
const iso = (ms: number): string => new Date(ms).toISOString();

function recording(
  name: string,
  parts: readonly [fromMs: number, toMs: number | undefined][],
): RoomRecording {
  return {
    recordingId: name,
    mediaSessionId: name,
    streamName: name,
    status: 'available',
    requestedAt: iso(T),
    parts: parts.map(([fromMs, toMs], index) => ({
      part: index + 1,
      status: toMs === undefined ? 'recording' : 'available',
      startTime: iso(T + fromMs),
      ...(toMs === undefined ? {} : { endTime: iso(T + toMs) }),
    })),
  };
}

describe('a room’s timeline', () => {
  it('has who came first at the top, each where it was, and what is being recorded up to now', () => {
    const recordings = [
      recording('late', [[60_000, undefined]]),
      recording('early', [
        [0, 20_000],
        [40_000, 80_000],
      ]),
    ];
    const { rows, startMs, endMs } = roomRows({ recordings }, T + 100_000);
    expect([startMs, endMs]).toEqual([T, T + 100_000]);
    expect(rows.map(({ recording: { streamName }, recordedMs }) => [streamName, recordedMs])).toEqual([
      ['early', 60_000],
      ['late', 40_000],
    ]);
    expect(rows[0]?.bars.map(({ left, width }) => [left, width])).toEqual([
      [0, 0.2],
      [0.4, 0.4],
    ]);
    expect(rows[1]?.bars[0]).toMatchObject({ left: 0.6, width: 0.4 });
  });

  it('shows a room of which nothing was recorded', () => {
    expect(roomRows({ recordings: [recording('none', [])] }, T)).toMatchObject({
      rows: [{ bars: [], recordedMs: 0 }],
      startMs: T,
      endMs: T,
    });
  });

  it('never leaves its frame', () => {
    const time = fc.integer({ min: 0, max: 10_000_000 });
    const parts = fc.array(fc.tuple(time, fc.option(time, { nil: undefined })), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 5 }), time, (all, nowMs) => {
        const recordings = all.map((one, index) => recording(String(index), one));
        for (const { bars } of roomRows({ recordings }, T + nowMs).rows) {
          for (const { left, width } of bars) {
            expect(left).toBeGreaterThanOrEqual(0);
            expect(width).toBeGreaterThanOrEqual(0);
            expect(left + width).toBeLessThanOrEqual(1 + 1e-9);
          }
        }
      }),
    );
  });
});
