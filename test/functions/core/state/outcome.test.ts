import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PartObjects } from '../../../../functions/core/state/fold.ts';
import { END_CODES } from '../../../../functions/core/state/objects.ts';
import { outcomeOf } from '../../../../functions/core/state/outcome.ts';
import type { FinalPart, OpenPart } from '../../../../functions/core/state/partObjects.ts';

const open: OpenPart = {
  part: 1,
  attempt: 1,
  key: 'records/x',
  uploadId: 'u',
  fileName: 'x.mp4',
  format: 'mp4',
  openedAtMs: 2_000,
  startTimeMs: 1_900,
  tracks: [],
};
const final = (bytes: number): FinalPart => ({
  ...open,
  uploaded: [],
  bytes,
  crc32: 'AAAAAA==',
  durationMs: 100,
  endTimeMs: 2_000,
  startTimeMillis: 2_000,
  endTimeMillis: 2_100,
  videoFrames: 3,
  recovered: true,
  finalizedAtMs: 2_200,
});
const parts = (...found: PartObjects[]): ReadonlyMap<number, PartObjects> =>
  new Map(found.map((part, i) => [i + 1, part]));

describe('outcomeOf', () => {
  it('a source that is gone when the next attempt looks for it has ended', () => {
    const gone = {
      code: 'source_not_found',
      message: 'The source has no such stream.',
      complaint: '404',
    } as const;
    expect(outcomeOf(gone, parts({ open, final: final(10) }), 5)).toEqual({
      status: 'finished',
      reason: {
        code: 'source_ended',
        message: 'The source did not come back. The source has no such stream.',
        complaint: '404',
      },
      parts: 1,
      atMs: 5,
    });
  });

  it('where nothing of it was saved, the recording has failed', () => {
    const gone = { code: 'source_not_found', message: 'm' } as const;
    expect(outcomeOf(gone, parts(), 5)).toEqual({ status: 'failed', reason: gone, parts: 0, atMs: 5 });
    expect(outcomeOf(gone, parts({ open, final: final(0) }), 5).status).toBe('failed');
  });

  it('a part that is still to be rescued has a frame', () => {
    expect(outcomeOf({ code: 'source_refused', message: 'm' }, parts({ open }), 5)).toMatchObject({
      status: 'finished',
      parts: 0,
    });
  });

  it('a forbidden source stays told apart', () => {
    const forbidden = { code: 'source_forbidden', message: 'm' } as const;
    expect(outcomeOf(forbidden, parts({ open, final: final(1) }), 5)).toMatchObject({
      status: 'finished',
      reason: forbidden,
    });
  });

  it('whoever waits for a file of a recording that has none is told why', () => {
    const told = (code: 'stopped' | 'source_ended') =>
      outcomeOf({ code, message: 'It is over.' }, parts(), 5);
    expect(told('stopped')).toMatchObject({ status: 'failed', reason: { code: 'stopped_before_media' } });
    expect(told('source_ended')).toMatchObject({
      status: 'failed',
      reason: { code: 'source_empty', message: 'It is over. Nothing of it had been recorded.' },
    });
  });

  it('nothing that a source does fails a recording that has a frame; our own faults do', () => {
    const code = fc.constantFrom(...END_CODES);
    const sizes = fc.array(fc.nat({ max: 3 }), { maxLength: 4 });
    fc.assert(
      fc.property(code, sizes, (code, bytes) => {
        const outcome = outcomeOf(
          { code, message: 'm' },
          parts(...bytes.map((one) => ({ open, final: final(one) }))),
          1,
        );
        const recorded = bytes.filter((one) => one > 0).length;
        expect(outcome.parts).toBe(recorded);
        const isWell = code === 'stopped' || code.startsWith('source_');
        expect(outcome.status).toBe(isWell && recorded > 0 ? 'finished' : 'failed');
      }),
    );
  });
});
