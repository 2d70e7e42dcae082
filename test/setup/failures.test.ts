import { describe, expect, it } from 'vitest';
import { type FileResult, failuresOf, type TestResults } from './failures.ts';

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
