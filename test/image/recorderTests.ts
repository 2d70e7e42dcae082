import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');
/** What shows most of an ffmpeg: codecs, containers, protocols, and its words. */
const TESTS = [
  'merge/mergeTask',
  'pictures/pictures',
  'record/everyCodec',
  'record/inBandParameters',
  'source/live/enhancedRtmp',
  'source/live/everySource',
  'source/live/lateTracks',
  'source/live/openingFailures',
  'source/live/oldRadio',
  'source/hls/finished',
  'source/hls/soundApart',
].map((name) => `test/container/${name}.test.ts`);
const VITEST = path.join(REPOSITORY, 'node_modules/vitest/vitest.mjs');

/** Said before anything is built: vitest runs what it finds and is silent about a file that was moved. */
export function checkTestFiles(): void {
  const missing = TESTS.filter((file) => !existsSync(path.join(REPOSITORY, file)));
  if (missing.length > 0) throw new Error(`test/image/recorderTests.ts names what is not there: ${missing}`);
}

/**
 * Runs the recorder's own tests with an ffmpeg of ours, silent unless one fails.
 * @returns how many passed
 */
export async function testRecorder(ffmpegPath: string, fontPath: string): Promise<string> {
  // Counted elsewhere: this is one step.
  const { TEST_RESULTS_FILE: _, ...environment } = process.env;
  const child = spawn(process.execPath, [VITEST, 'run', ...TESTS], {
    cwd: REPOSITORY,
    env: { ...environment, RECORDER_FFMPEG: ffmpegPath, RECORDER_FONT: fontPath, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the recorder's tests failed with the image's ffmpeg:\n${output}`);
  const [count = 'tests'] = /\d+ passed.*\(\d+\)$/m.exec(output.slice(output.lastIndexOf('Tests '))) ?? [];
  return `the recorder's tests with its ffmpeg: ${count}`;
}
