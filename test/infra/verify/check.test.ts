import { expect, it } from 'vitest';
import { NotHere, report, runChecks, Undo, type Verdict, verdictLine } from '../../../infra/verify/check.ts';

const passes = { claim: 'a', run: async () => '1.0 s' };
const fails = {
  claim: 'b',
  run: async () => {
    throw new Error('it is\n other');
  },
};
const cannot = {
  claim: 'c',
  run: async () => {
    throw new NotHere('no rules');
  },
};
const notOffered = {
  claim: 'd',
  run: async () => {
    throw Object.assign(new Error('PutRule is not offered here.'), { name: 'UnknownOperationException' });
  },
};

it('goes on after a failure, and counts what cannot be proved apart from what passed', async () => {
  const told: Verdict[] = [];
  const verdicts = await runChecks([passes, fails, cannot, notOffered], new Undo(), (one) => told.push(one));
  expect(told).toEqual(verdicts);
  expect(verdicts.map(verdictLine)).toEqual([
    'passed    a: 1.0 s',
    'FAILED    b: it is other',
    'not here  c: no rules',
    'not here  d: UnknownOperationException: PutRule is not offered here.',
    'passed    nothing of these checks is left',
  ]);
  expect(report(verdicts, { stack: 'Mine' })).toMatch(
    /stack +Mine[\s\S]*\n2 passed, 1 failed, 2 not here\n```$/,
  );
});

it('removes what was made, the last one first, whatever fails or is interrupted', async () => {
  const removed: string[] = [];
  const undo = new Undo();
  const interruption = new AbortController();
  const makes = {
    claim: 'makes',
    run: async () => {
      for (const name of ['queue', 'rule', 'target'])
        undo.later(name, async () => {
          removed.push(name);
          if (name === 'rule') throw new Error('it has targets');
        });
      interruption.abort();
      throw new Error('in the middle');
    },
  };
  const verdicts = await runChecks([makes, passes], undo, () => undefined, interruption.signal);
  expect(removed).toEqual(['target', 'rule', 'queue']);
  expect(verdicts.map(({ claim, result, detail }) => [claim, result, detail])).toEqual([
    ['makes', 'FAILED', 'in the middle'],
    ['nothing of these checks is left', 'FAILED', 'rule: it has targets'],
  ]);
});
