import fc from 'fast-check';
import { expect, it } from 'vitest';
import { automaticMergeId, type RoomLeft, withLeft } from '../../../../functions/core/rooms/left.ts';
import { isRecordingId } from '../../../../functions/core/state/ids.ts';

const leaves = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 })
  .chain((ids) =>
    fc.tuple(
      ...ids.map((recordingId) =>
        fc
          .record({ leftAtMs: fc.nat(20), beganBeforeMs: fc.nat(20) })
          .map(({ leftAtMs, beganBeforeMs }): RoomLeft => {
            const atMs = leftAtMs + 100;
            return { recordingId, leftAtMs: atMs, sinceMs: atMs - beganBeforeMs };
          }),
      ),
    ),
  );

function heard([first, ...rest]: readonly RoomLeft[]): RoomLeft {
  if (first === undefined) throw new Error('nobody has left');
  return rest.reduce(withLeft, first);
}

it('in whatever order it is heard who has left, and however often, it is the same that is known', () => {
  const cases = leaves.chain((all) =>
    fc.record({
      all: fc.constant(all),
      order: fc.shuffledSubarray([...all, ...all.map((one) => ({ ...one }))], {
        minLength: 2 * all.length,
        maxLength: 2 * all.length,
      }),
    }),
  );
  fc.assert(
    fc.property(cases, ({ all, order }) => {
      const known = heard(order);
      expect(known).toEqual(heard(all));
      expect(known.leftAtMs).toBe(Math.max(...all.map(({ leftAtMs }) => leftAtMs)));
      expect(known.sinceMs).toBe(Math.min(...all.map(({ sinceMs }) => sinceMs)));
      for (const one of all) expect(withLeft(known, one)).toBe(known);
    }),
  );
});

it('begins anew after it became one file, and not for who is heard of late', () => {
  const merged: RoomLeft = { recordingId: 'b', leftAtMs: 200, sinceMs: 100, isMerged: true };
  expect(withLeft(merged, { recordingId: 'a', leftAtMs: 150, sinceMs: 50 })).toBe(merged);
  const next: RoomLeft = { recordingId: 'c', leftAtMs: 400, sinceMs: 300 };
  expect(withLeft(merged, next)).toEqual(next);
});

it('has one merge for whoever left last', () => {
  const left: RoomLeft = { recordingId: 'a', leftAtMs: Date.UTC(2026, 6, 1), sinceMs: 1 };
  const id = automaticMergeId('team', left);
  expect(isRecordingId(id)).toBe(true);
  expect(automaticMergeId('team', { ...left, sinceMs: 2 })).toBe(id);
  expect(automaticMergeId('other', left)).not.toBe(id);
  expect(automaticMergeId('team', { ...left, recordingId: 'b' })).not.toBe(id);
});
