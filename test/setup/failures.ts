import { readFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** What is read of the file that vitest's JSON reporter writes. */
export interface TestResults {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly FileResult[];
}

export interface FileResult {
  /** The file's absolute path. */
  readonly name: string;
  readonly status: string;
  /** Why the file as a whole failed, if none of its tests did. */
  readonly message?: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    readonly failureMessages: readonly string[];
  }[];
}

const MOST_SHOWN = 20;
const MOST_CHARACTERS = 300;

/** Each failed test in two lines: where it is, and the first line of its error. A file that failed as a whole is one. */
export function failuresOf(results: TestResults, root: string): string[] {
  const failures = results.testResults.flatMap((result) => {
    const file = path.relative(root, result.name);
    const failed = result.assertionResults.filter(({ status }) => status === 'failed');
    if (failed.length === 0 && result.status === 'failed') return [entry(file, result.message)];
    return failed.map((test) => entry(`${file} > ${test.fullName}`, test.failureMessages[0]));
  });
  const more = failures.length - MOST_SHOWN;
  if (more > 0) failures.splice(MOST_SHOWN, more, `and ${more} more`);
  return failures;
}

function entry(name: string, error = ''): string {
  const [first = ''] = stripVTControlCharacters(error).trim().split('\n');
  return `${name}\n    ${first.slice(0, MOST_CHARACTERS)}`;
}

/** More than a busy machine explains: something is broken. */
const MOST_AGAIN = 3;

/** The files to be run again, alone, where few tests failed; none where many did. */
export function filesAgain({ numFailedTests, testResults }: TestResults): string[] {
  const failed = testResults.filter(({ status }) => status === 'failed');
  return Math.max(numFailedTests, failed.length) > MOST_AGAIN ? [] : failed.map(({ name }) => name);
}

/** The results with what passed when it was run again, and the names of that. */
export function withSecondRun(
  first: TestResults,
  second: TestResults,
  root: string,
): { readonly results: TestResults; readonly unsteady: readonly string[] } {
  const unsteady: string[] = [];
  let morePassed = 0;
  const testResults = first.testResults.map((result) => {
    const again = second.testResults.find(({ name }) => name === result.name);
    if (again === undefined || result.status !== 'failed') return result;
    const file = path.relative(root, result.name);
    if (result.assertionResults.every(({ status }) => status !== 'failed')) {
      if (again.status !== 'passed') return result;
      unsteady.push(entry(file, result.message));
      return again;
    }
    const assertionResults = result.assertionResults.map((test) => {
      const passes = again.assertionResults.some(
        ({ fullName, status }) => fullName === test.fullName && status === 'passed',
      );
      if (test.status !== 'failed' || !passes) return test;
      unsteady.push(entry(`${file} > ${test.fullName}`, test.failureMessages[0]));
      morePassed += 1;
      return { ...test, status: 'passed' };
    });
    const isMended = assertionResults.every(({ status }) => status !== 'failed');
    return { ...result, assertionResults, status: isMended ? 'passed' : 'failed' };
  });
  return {
    results: {
      numPassedTests: first.numPassedTests + morePassed,
      numFailedTests: first.numFailedTests - morePassed,
      testResults,
    },
    unsteady,
  };
}

const readResults = (file: string): TestResults => JSON.parse(readFileSync(file, 'utf8')) as TestResults;

/** Of `.ci/run`: how many passed and failed in the first line, and then which failed, and which did so once. */
function report(resultsFile: string, secondFile: string | undefined): void {
  const first = readResults(resultsFile);
  const { results, unsteady } =
    secondFile === undefined
      ? { results: first, unsteady: [] }
      : withSecondRun(first, readResults(secondFile), process.cwd());
  const failures = failuresOf(results, process.cwd());
  console.log(results.numPassedTests, results.numFailedTests);
  if (failures.length > 0) console.log(['Failed tests:', ...failures].join('\n'));
  if (unsteady.length > 0) console.log(['Passed only when run again, alone:', ...unsteady].join('\n'));
}

const [, , command, resultsFile = '', secondFile] = process.argv;
if (import.meta.main && command === 'report') report(resultsFile, secondFile);
if (import.meta.main && command === 'again') console.log(filesAgain(readResults(resultsFile)).join('\n'));
