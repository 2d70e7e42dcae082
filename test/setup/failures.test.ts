import { describe, expect, it } from 'vitest';
import { type FileResult, failuresOf, filesAgain, type TestResults, withSecondRun } from './failures.ts';

const results = (testResults: readonly FileResult[]): TestResults => ({
  numPassedTests: 1,
  numFailedTests: 1,
  testResults,
});
const passed = { fullName: 'a door opens', status: 'passed', failureMessages: [] };

describe('the failed tests at the end of .ci/run', () => {
  it('have the file, the name and the first line of the error', () => {
    const shut = {
      fullName: 'a door is shut',
      status: 'failed',
      failureMessages: [
        '\u001b[31mAssertionError: expected 1 to be 2\u001b[39m\n    at /house/test/door.test.ts:3',
      ],
    };
    const file = { name: '/house/test/door.test.ts', status: 'failed', assertionResults: [passed, shut] };
    const other = { name: '/house/test/roof.test.ts', status: 'passed', assertionResults: [passed] };
    expect(failuresOf(results([file, other]), '/house')).toEqual([
      'test/door.test.ts > a door is shut\n    AssertionError: expected 1 to be 2',
    ]);
  });

  it('are the whole file where it could not be loaded, or its hook failed', () => {
    const file = {
      name: '/house/a.test.ts',
      status: 'failed',
      message: 'no roof\nat x',
      assertionResults: [passed],
    };
    expect(failuresOf(results([file]), '/house')).toEqual(['a.test.ts\n    no roof']);
  });

  it('are short, however many and however long they are', () => {
    const failed = { fullName: 'x', status: 'failed', failureMessages: ['e'.repeat(10_000)] };
    const assertionResults = Array.from({ length: 25 }, () => failed);
    const shown = failuresOf(results([{ name: '/a', status: 'failed', assertionResults }]), '/');
    expect(shown).toHaveLength(21);
    expect(shown.at(-1)).toBe('and 5 more');
    expect(shown.join('\n').length).toBeLessThan(7_000);
  });
});

describe('what failed, run again and alone', () => {
  const test = (fullName: string, status: string) => ({
    fullName,
    status,
    failureMessages: [`not ${status}`],
  });
  const file = (name: string, status: string, ...tests: ReturnType<typeof test>[]): FileResult => ({
    ...{ name: `/house/${name}`, status, assertionResults: tests, message: 'no roof' },
  });
  const first = {
    ...{ numPassedTests: 5, numFailedTests: 2 },
    testResults: [
      file('a.test.ts', 'failed', test('door', 'failed'), test('wall', 'failed')),
      file('b.test.ts', 'passed', test('door', 'passed')),
      file('c.test.ts', 'failed'),
    ],
  };

  it('is few files, or none: many failures are no accident', () => {
    expect(filesAgain(first)).toEqual(['/house/a.test.ts', '/house/c.test.ts']);
    expect(filesAgain({ ...first, numFailedTests: 4 })).toEqual([]);
  });

  it('counts where it passes then, and is named; what fails again has failed', () => {
    const second = results([
      file('a.test.ts', 'failed', test('door', 'passed'), test('wall', 'failed')),
      file('c.test.ts', 'passed', test('roof', 'passed')),
    ]);
    const seen = withSecondRun(first, second, '/house');
    expect(seen.unsteady).toEqual(['a.test.ts > door\n    not failed', 'c.test.ts\n    no roof']);
    expect(seen.results).toMatchObject({ numPassedTests: 6, numFailedTests: 1 });
    expect(failuresOf(seen.results, '/house')).toEqual(['a.test.ts > wall\n    not failed']);
  });
});
