import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import puppeteer from 'puppeteer-core';
import { ensureTools, FFMPEG } from '../../infra/local/tools.ts';
import { TestApi } from '../api/support.ts';
import { CHROMIUM_ARGUMENTS } from '../support/browser.ts';
import { waitFor } from '../support/children.ts';
import { HttpSource } from '../support/httpSource.ts';
import { MediaFolder } from '../support/media.ts';
import { type Decoded, decodedByGstreamer, GSTREAMER } from './gstreamer.ts';
import { type Played, playInPage, scrubInPage } from './player.ts';
import { makeSources, SECONDS, type Source } from './sources.ts';

/**
 * `npm run test:playback [-- NAME]`: plays what was recorded in Chromium, as VOD and live, by hls.js and as a file, to its end
 * and back, in a page of another origin; and measures how much later sound is heard than its picture is seen. It takes as long as it
 * plays, and measures a clock: so it is no part of the suite. GStreamer reads the links too, to the picture the same as the record;
 * `FFMPEG` names other ffmpegs that do.
 */

/** Against the same record as a file: what a listener does not notice, and a busy machine does not spoil. */
const LATE_MAX_MS = 45;
const ENDS_EARLY_MAX_SECONDS = 0.5;

interface Answered {
  readonly status: string;
  readonly parts: readonly { readonly download: { readonly url: string } }[];
  readonly play?: { readonly hls?: { readonly url: string } };
  readonly pictures?: { readonly storyboard?: { readonly url: string } };
}

if (ensureTools([FFMPEG, GSTREAMER]).length > 0) process.exit(1);
const problems: string[] = [];
const folder = new MediaFolder();
const profile = await mkdtemp(path.join(tmpdir(), 'playback-'));
const api = await TestApi.start({ launchDelayMs: 0, recordingDefaults: '{}' });
const browser = await puppeteer.launch({
  executablePath: '/usr/bin/chromium',
  args: [...CHROMIUM_ARGUMENTS, '--autoplay-policy=no-user-gesture-required'],
  userDataDir: profile,
});
try {
  const page = await browser.newPage();
  const wanted = process.argv.slice(2);
  for (const source of makeSources(folder)) {
    if (wanted.length > 0 && !wanted.includes(source.name)) continue;
    const served = await HttpSource.start(source.bytes, { bytesPerSecond: source.bytes.length / SECONDS });
    const { body } = await api.call('POST', '/recordings', {
      body: {
        sourceUrl: served.url,
        streamName: source.name,
        config: { reconnectWindow: 0, format: source.format },
      },
    });
    const now = async () =>
      (await api.call('GET', `/recordings/${String(body.recordingId)}`)).body as unknown as Answered;
    const url = await waitFor('the link', async () => (await now()).play?.hls?.url);
    const [live, elsewhere] = await Promise.all([
      source.name === 'HEVC' ? undefined : playInPage(page, url, true),
      decodedByGstreamer(url),
    ]);
    const ended = await waitFor('the record', async () => {
      const found = await now();
      return found.status === 'available' ? found : undefined;
    });
    await served.close();
    await decodedElsewhere(source, ended, elsewhere);
    await played(source, ended, live);
  }

  async function played(source: Source, ended: Answered, live: Played | undefined): Promise<void> {
    const url = ended.play?.hls?.url ?? '';
    for (const ffmpeg of ['ffmpeg', ...(process.env.FFMPEG ?? '').split(' ').filter((one) => one !== '')])
      await decoded(source, ffmpeg, url);
    if (live === undefined) return console.log(`${source.name}: Chromium of Debian has no decoder for it`);
    const file = await playInPage(page, ended.parts[0]?.download.url ?? '', false);
    const vod = await playInPage(page, url, true);
    const baseMs = medianOf(file.lateMs);
    for (const [how, one] of Object.entries({ file, vod, live })) {
      const lateMs = medianOf(one.lateMs);
      console.log(
        `${source.name}, ${how}: to ${one.endedAtSeconds.toFixed(2)} of ${one.durationSeconds.toFixed(2)} s, ` +
          `back to ${one.afterSeekSeconds.toFixed(2)} s, waited ${one.waits} times, ` +
          `sound ${lateMs.toFixed(0)} ms late (${one.lateMs.length} beeps)${one.error === undefined ? '' : `, ${one.error}`}`,
      );
      const isWhole = one.durationSeconds - one.endedAtSeconds < ENDS_EARLY_MAX_SECONDS;
      if (one.error !== undefined || !isWhole || one.afterSeekSeconds < 3)
        problems.push(`${source.name}, ${how}`);
      if (source.name !== 'muted' && !(Math.abs(lateMs - baseMs) < LATE_MAX_MS))
        problems.push(`${source.name}, ${how}: sound`);
    }
    const storyboard = ended.pictures?.storyboard?.url;
    if (storyboard === undefined) return void problems.push(`${source.name}: no storyboard`);
    const tiles = await scrubInPage(page, storyboard);
    console.log(`${source.name}, storyboard: ${tiles.map(({ at, bright }) => `${at} ${bright}`).join(', ')}`);
    if (tiles.length === 0) problems.push(`${source.name}: no tile`);
  }
} finally {
  await browser.close();
  await api.close();
  folder.remove();
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}
console.log(problems.length === 0 ? 'all of it played' : `wrong: ${problems.join('; ')}`);
process.exit(problems.length === 0 ? 0 : 1);

/** Live from where it began to the end, and afterwards all of it: the pictures of the record. */
async function decodedElsewhere({ name }: Source, ended: Answered, live: Decoded): Promise<void> {
  const file = await decodedByGstreamer(ended.parts[0]?.download.url ?? '');
  const vod = await decodedByGstreamer(ended.play?.hls?.url ?? '');
  console.log(
    `${name}, GStreamer: ${file.hashes.length} pictures of the record, ${vod.hashes.length} of the list, ${live.hashes.length} live` +
      [file, vod, live].map(({ error }) => (error === undefined ? '' : `, ${error}`)).join(''),
  );
  if (file.hashes.length < 25 * SECONDS - 1 || file.hashes.join() !== vod.hashes.join())
    problems.push(`${name}, GStreamer`);
  if (live.hashes.length === 0 || !file.hashes.join().endsWith(live.hashes.join()))
    problems.push(`${name}, GStreamer live`);
}

async function decoded({ name }: Source, ffmpeg: string, url: string): Promise<void> {
  const { stdout, stderr } = await promisify(execFile)(ffmpeg, [
    ...['-nostdin', '-v', 'error', '-i', url, '-map', '0:v:0', '-f', 'framehash', '-'],
  ]);
  // It says so where a link leads elsewhere.
  const errors = stderr
    .split('\n')
    .filter((line) => line !== '' && !line.includes('Cannot reuse HTTP connection'))
    .join(' ');
  const frames = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
  console.log(`${name}, ${path.basename(ffmpeg)}: ${frames} frames${errors === '' ? '' : `, ${errors}`}`);
  if (errors !== '' || frames < 25 * SECONDS - 1) problems.push(`${name}, ${ffmpeg}`);
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}
