import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AWAITED, isReached } from '../../../../functions/core/api/awaited.ts';
import { recordingStatus, type StatusFacts } from '../../../../functions/core/state/fold.ts';

const NONE: StatusFacts = { attempts: new Map(), parts: new Map() };
const open: StatusFacts = { ...NONE, parts: new Map([[1, {}]]) };
const outcome = { status: 'finished' } as const;
const failed = { status: 'failed' } as const;

it.each<[string, StatusFacts, readonly string[]]>([
  ['asked for', NONE, []],
  ['with a frame', open, ['recording']],
  ['stopping before a frame', { ...NONE, stop: {} }, ['recording']],
  ['ended, its record on the way', { ...open, outcome }, ['recording', 'ended']],
  ['in the library', { outcome, attempts: new Map(), parts: new Map([[1, { moved: {} }]]) }, [...AWAITED]],
  ['failed with nothing', { ...NONE, outcome: failed }, [...AWAITED]],
  ['failed, a record on the way', { ...open, outcome: failed }, ['recording', 'ended']],
])('a recording %s', (_what, facts, reached) => {
  expect(AWAITED.filter((awaited) => isReached(awaited, facts))).toEqual(reached);
});

it('what comes later implies what comes before, and whatever says available is', () => {
  const part = fc.constantFrom({}, { moved: {} }, { final: { bytes: 0 } }, { final: { bytes: 1 } });
  const facts = fc.record({
    stop: fc.constantFrom(undefined, {}),
    outcome: fc.constantFrom(undefined, outcome, failed),
    parts: fc.array(part, { maxLength: 3 }),
  });
  fc.assert(
    fc.property(facts, ({ parts, stop, outcome: end }) => {
      const known: StatusFacts = {
        ...(stop === undefined ? {} : { stop }),
        ...(end === undefined ? {} : { outcome: end }),
        attempts: new Map(),
        parts: new Map(parts.map((one, index) => [index + 1, one])),
      };
      const [recording, ended, available] = AWAITED.map((awaited) => isReached(awaited, known));
      expect(available).toBe(available === true && ended === true);
      expect(ended).toBe(ended === true && recording === true);
      if (recordingStatus(known) === 'available') expect(available).toBe(true);
    }),
  );
});
