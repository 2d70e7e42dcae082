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

// Of `.ci/run`: how many passed and failed in the first line, and then which failed.
const [, , resultsFile] = process.argv;
if (import.meta.main && resultsFile !== undefined) {
  const results = JSON.parse(readFileSync(resultsFile, 'utf8')) as TestResults;
  console.log(results.numPassedTests, results.numFailedTests);
  const failures = failuresOf(results, process.cwd());
  if (failures.length > 0) console.log(['Failed tests:', ...failures].join('\n'));
}
