import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RecordingSummary } from '../../../clients/typescript/client.ts';
import { type Listed, piecesOf, withFirst, withMore, without } from '../../../clients/web/libraryModel.ts';

const PAGE = 3;
const recording = (id: number): RecordingSummary => ({
  recordingId: String(id).padStart(26, '0'),
  mediaSessionId: 'm',
  streamName: 's',
  requestedAt: new Date(id * 3_600_000).toISOString(),
  status: 'available',
  parts: 1,
});
/** A page of what the API has, from the newest on, or below an id. */
function pageOf(all: readonly number[], below = Number.POSITIVE_INFINITY): Listed {
  const ids = all.filter((id) => id < below).sort((a, b) => b - a);
  const shown = ids.slice(0, PAGE);
  const recordings = shown.map(recording);
  return ids.length > PAGE ? { recordings, nextToken: String(shown.at(-1)) } : { recordings };
}
const idsOf = (listed: Listed): number[] => listed.recordings.map(({ recordingId }) => Number(recordingId));

const change = fc.oneof(
  fc.record({ kind: fc.constant('recorded' as const), count: fc.integer({ min: 1, max: 7 }) }),
  fc.record({ kind: fc.constant('deleted' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('older' as const) }),
);

it('is always a stretch of what there is, from the newest on, without a hole', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      let newest = 10;
      const all = Array.from({ length: newest }, (_, index) => index + 1);
      let listed = withFirst(undefined, pageOf(all));
      for (const one of changes) {
        if (one.kind === 'recorded') for (let i = 0; i < one.count; i++) all.push(++newest);
        else if (one.kind === 'older') {
          if (listed.nextToken !== undefined)
            listed = withMore(listed, pageOf(all, Number(listed.nextToken)));
        } else if (all.length > 0) {
          const [gone = 0] = all.splice(one.at % all.length, 1);
          listed = without(listed, new Set([recording(gone).recordingId]));
        }
        listed = withFirst(listed, pageOf(all));
        const shown = idsOf(listed);
        const expected = all.toSorted((a, b) => b - a).slice(0, shown.length);
        expect(shown).toEqual(expected);
        // What would follow may have been deleted since.
        if (listed.nextToken === undefined) expect(shown.length).toBe(all.length);
      }
    }),
  );
});

it('forgets what somebody else deleted from the first page', () => {
  const listed = withMore(
    withFirst(undefined, pageOf([1, 2, 3, 4, 5, 6, 7])),
    pageOf([1, 2, 3, 4, 5, 6, 7], 5),
  );
  expect(idsOf(withFirst(listed, pageOf([1, 2, 3, 4, 5, 7])))).toEqual([7, 5, 4, 3, 2]);
});

it('keeps days together within a piece', () => {
  const pieces = piecesOf([recording(50), recording(49), recording(30), recording(2)], 3, (iso) =>
    iso.slice(0, 10),
  );
  expect(pieces.map((days) => days.map(({ day, recordings }) => [day, recordings.length]))).toEqual([
    [
      ['1970-01-03', 2],
      ['1970-01-02', 1],
    ],
    [['1970-01-01', 1]],
  ]);
});
