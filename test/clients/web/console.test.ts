import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { recorderClient } from '../../../clients/typescript/client.ts';
import { parseOffset } from '../../../clients/web/clipModel.ts';
import { Closers } from '../../../infra/local/closers.ts';
import { testStreamArguments } from '../../../infra/local/publish.ts';
import { type Runtime, startRuntime } from '../../../infra/local/runtime.ts';
import { CHROMIUM_ARGUMENTS } from '../../support/browser.ts';
import { Child } from '../../support/children.ts';
import { overflowsOf, violationsOf } from '../../support/consoleChecks.ts';
import { publishCounter } from '../../support/counterStream.ts';
import { refuseDenials } from '../../support/denials.ts';
import { describeWith } from '../../support/tools.ts';
import { WITHOUT_PICTURES } from '../../support/withoutPictures.ts';

/** Screenshots for docs/console are written where this says so. */
const shots = process.env.CONSOLE_SCREENSHOTS;
const WAIT_MS = 60_000;
const FRAME_MS = 40;
const HOSTILE = '<img src=x onerror=document.title=1>"\'& é😀';

/** In the page: the wall clock that the live player tells, each time it does, and where any other is sent in seconds. */
const NOTE_TIMES = `
  window.live = document.querySelector('hls-video');
  [window.told, window.went] = [[], []];
  window.live.addEventListener('timeupdate', () => {
    const clockMs = window.live.api.playingDate?.getTime();
    if (clockMs !== undefined) window.told.push(clockMs);
  });
  const { get, set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'currentTime');
  void Object.defineProperty(HTMLMediaElement.prototype, 'currentTime', {
    configurable: true,
    get,
    set(seconds) {
      if (this.getRootNode().host !== window.live) window.went.push(seconds);
      set.call(this, seconds);
    },
  });
`;

describeWith(['ffmpeg', 'chromium'], 'the console', () => {
  let runtime: Runtime;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  const closers = new Closers();

  beforeAll(async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'console-'));
    closers.add(() => rm(folder, { recursive: true, force: true }));
    runtime = await startRuntime({
      dataDir: folder,
      console: true,
      reconcilesAtStart: false,
      recordingDefaults: WITHOUT_PICTURES,
    });
    closers.add(() => runtime.close({ graceMs: 5_000 }).then(() => refuseDenials(runtime)));
    const url = `${runtime.rtmpUrl}/live/camera1`;
    // What is shown in the docs takes three times the work.
    const publisher =
      shots === undefined ? publishCounter(url) : new Child('ffmpeg', testStreamArguments(url));
    closers.add(() => publisher.stop('SIGKILL'));
    browser = await puppeteer.launch({
      executablePath: '/usr/bin/chromium',
      args: CHROMIUM_ARGUMENTS,
      userDataDir: path.join(folder, 'profile'),
    });
    closers.add(() => browser.close());
    page = await newPage();
  }, 3 * WAIT_MS);

  afterAll(() => closers.closeAll(), 3 * WAIT_MS);

  async function newPage(): Promise<Page> {
    const made = await browser.newPage();
    made.setDefaultTimeout(WAIT_MS);
    await made.setViewport({ width: 1200, height: 900 });
    // A script that the Content-Security-Policy keeps from running is told of here too.
    made.on('pageerror', (error) => problems.push(String(error)));
    made.on('console', (message) => {
      if (message.type() === 'error' && /Security Policy/.test(message.text())) problems.push(message.text());
    });
    return made;
  }

  const press = async (name: string): Promise<void> => {
    await page.locator(`::-p-aria([name="${name}"][role="button"])`).click();
  };
  /** As a person does: what stands there is chosen, and written over. */
  const write = async (name: string, text: string): Promise<void> => {
    await page.locator(`::-p-aria([name="${name}"][role="textbox"])`).click({ count: 3 });
    await page.keyboard.type(text);
    await page.keyboard.press('Tab');
  };
  const sees = (selector: string) => page.waitForSelector(selector);
  const go = (address: string) => page.goto(`${runtime.apiUrl}/${address}`);

  /** @param name of its picture; none is made without */
  async function looksRight(name?: string): Promise<void> {
    await page.evaluate('scrollTo(0, 0)');
    if (shots !== undefined && name !== undefined)
      await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });
    expect(await violationsOf(page)).toEqual([]);
    expect(await overflowsOf(page)).toEqual([0, 0]);
  }

  /** Whether what is drawn over a strip is what the fields beside it say. */
  async function drawnRange(): Promise<boolean> {
    const strip = await sees('.strip');
    await strip?.scrollIntoView();
    const { x = 0, y = 0, width = 0 } = (await strip?.boundingBox()) ?? {};
    await page.mouse.move(x + width / 2, y + 5);
    await page.mouse.down();
    await page.mouse.move(x + width - 1, y + 5);
    await page.mouse.up();
    const texts = await page.$$eval('input.time', (fields) => fields.map(({ value }) => value));
    const [fromMs = 0, toMs = 0] = texts.map(parseOffset);
    // A tenth of a second is what can be written.
    return fromMs > 0 && Math.abs(toMs - 2 * fromMs) <= 300;
  }

  const shownRecording = async (): Promise<string> =>
    (await page.evaluate('location.hash.split("/").at(-1)')) as string;

  it('answers who looks with HEAD whether it is there', async () => {
    for (const at of ['/', '/console'])
      expect((await fetch(`${runtime.apiUrl}${at}`, { method: 'HEAD' })).status).toBe(200);
  });

  it(
    'records a stream from the page alone: start, a part, stop, play, clip, delete',
    async () => {
      await go('');
      await press('Record camera1');
      await sees('.badge.recording');
      if (shots !== undefined) await sees('.tile .spark canvas');
      await looksRight('now');
      // Two tabs agree: what one does the other shows, by itself.
      const other = await newPage();
      await other.goto(`${runtime.apiUrl}/`);
      await other.waitForSelector('.badge.recording');
      await other.locator('::-p-aria([name="Watch camera1"][role="button"])').click();
      await other.waitForFunction('document.querySelector(".tile hls-video")?.currentTime > 0.5');
      for (const key of ['j', 'p', 'x'] as const) await other.keyboard.press(key);
      await other.waitForSelector('.badge.idle');
      await page.bringToFront();
      await sees('.badge.idle');
      await other.close();
      await go('#/library');
      await sees('.badge.available');
      await looksRight('library');
      await page.locator('ul.list a.name').click();
      await sees('hls-video');
      await page.waitForFunction('document.querySelector("hls-video").readyState >= 2');
      await page.evaluate('document.querySelector("hls-video").play()');
      await page.waitForFunction('document.querySelector("hls-video").currentTime > 0.5');
      await sees('.timeline .recorded');
      const remarks = await page.$eval('tbody td:nth-last-child(2)', (cell) => cell.textContent);
      // On a busy machine its stream may have been late.
      const [part] = await recorderClient({ baseUrl: runtime.apiUrl }).parts(await shownRecording());
      expect(remarks?.includes('incomplete')).toBe(part?.incomplete?.length !== 0);
      const href = await page.$eval('table a', (link) => (link as { href: string }).href);
      expect((await fetch(href)).status).toBe(200);
      // Drawn over the strip, its second half; then to the tenth of a second.
      await expect.poll(drawnRange, { timeout: WAIT_MS }).toBe(true);
      const clipName = 'goal.mp4';
      await write('From', '0.1');
      await write('Name', clipName);
      await write('To', '0:00.6');
      await press('Make a clip');
      await page.waitForFunction(
        (name: string) =>
          [...document.querySelectorAll('li')].some(
            (line) => line.textContent?.includes(name) && line.querySelector('.badge.available') !== null,
          ),
        {},
        clipName,
      );
      const [clip] = await recorderClient({ baseUrl: runtime.apiUrl }).clips(await shownRecording());
      expect(clip?.status).toBe('available');
      // By the clock, to the frame.
      expect(Math.abs((clip?.durationMs ?? 0) - 500)).toBeLessThanOrEqual(2 * FRAME_MS);
      await looksRight('recording');
      page.once('dialog', (dialog) => void dialog.accept());
      await press('Delete');
      await page.waitForFunction('location.hash === "#/library"');
      await sees('.empty');
      expect((await recorderClient({ baseUrl: runtime.apiUrl }).recordings()).recordings).toEqual([]);
      await go('#/rooms');
      await sees('.empty');
      await looksRight();
      await go('#/health');
      await sees('.empty');
      if (shots !== undefined) await sees('.graph canvas');
      await looksRight('health');
    },
    3 * WAIT_MS,
  );

  it(
    'shows what is being recorded, goes on at the same place when that has ended, and who was in a room',
    async () => {
      const client = recorderClient({ baseUrl: runtime.apiUrl });
      await client.raw.PUT('/streams/{mediaSessionId}', {
        params: { path: { mediaSessionId: 'guest' } },
        body: { name: 'guest', room: 'studio', sourceUrl: `${runtime.rtmpUrl}/live/camera1` },
      });
      await client.start({ mediaSessionId: 'guest' });
      const { recordingId = '' } = await client.start({ mediaSessionId: 'camera1' });
      await go(`#/recordings/${recordingId}`);
      await sees('hls-video');
      await page.evaluate('document.querySelector("hls-video").play()');
      await page.waitForFunction('document.querySelector("hls-video").currentTime > 0.5');
      await page.evaluate(NOTE_TIMES);
      await page.waitForFunction('window.told.length > 2');
      await client.stop(recordingId);
      await page.waitForFunction(
        'document.querySelector("hls-video") !== window.live && document.querySelector("hls-video").currentTime > 0.5',
      );
      const [part] = await client.parts(recordingId);
      const [told, went] = (await page.evaluate('[window.told, window.went[0]]')) as [number[], number];
      const shownAtMs = Date.parse(part?.startTime ?? '') + 1000 * went;
      // One of the times that the player of the live stream told, and none before the stop.
      expect(told.findLastIndex((clockMs) => Math.abs(clockMs - shownAtMs) < 1)).toBeGreaterThanOrEqual(2);
      // It goes on playing, by the same clock, unless it was at its end already: on a busy machine the page hears of it later.
      await page.waitForFunction(
        `(({ currentTime, duration, ended, paused }) =>
          currentTime > window.went[0] + 0.2 || ended || (paused && duration - currentTime < 0.5)
        )(document.querySelector("hls-video"))`,
      );
      const begins = await page.waitForFunction(
        '(({ api, currentTime }) => api.playingDate && api.playingDate.getTime() - 1000 * currentTime)(document.querySelector("hls-video"))',
      );
      const vodAtMs = (await begins.jsonValue()) as number;
      expect(Math.abs(vodAtMs - Date.parse(part?.startTime ?? ''))).toBeLessThan(FRAME_MS);
      await go('#/rooms/studio');
      await sees('.room .recorded');
      await looksRight('room');
      await client.raw.POST('/rest-api/stream/stopRecording', { body: { mediaSessionId: 'guest' } });
    },
    3 * WAIT_MS,
  );

  it(
    'shows names as text, whatever they hold; records what is written into its form, or says why the API does not',
    async () => {
      const client = recorderClient({ baseUrl: runtime.apiUrl });
      await client.raw.PUT('/streams/{mediaSessionId}', {
        params: { path: { mediaSessionId: 'hostile' } },
        body: { name: HOSTILE, sourceUrl: 'rtmp://127.0.0.1:9/live/x' },
      });
      const other = await newPage();
      await other.goto(`${runtime.apiUrl}/`);
      await other.waitForFunction((name: string) => document.body.innerText.includes(name), {}, HOSTILE);
      expect(await other.title()).toBe('Stream Recorder');
      await other.locator('input[name="sourceUrl"]').fill('file:///etc/passwd');
      await other.locator('form button').click();
      await other.waitForSelector('.problem');
      expect(await other.$eval('.problem', (shown) => shown.textContent)).toContain('invalid_request');
      // Nothing is asked for without an address.
      await other.locator('input[name="sourceUrl"]').fill('');
      await other.focus('input[name="streamName"]');
      await other.keyboard.press('Enter');
      await other.waitForSelector('input[name="sourceUrl"]:invalid:focus');
      await other.locator('input[name="sourceUrl"]').fill(`${runtime.rtmpUrl}/live/camera1`);
      await other.locator('input[name="streamName"]').fill('by hand');
      await other.keyboard.press('Enter');
      await other.waitForSelector(
        '::-p-xpath(//li[contains(., "by hand")]//*[contains(@class, "badge recording")])',
      );
      expect(await other.$eval('input[name="sourceUrl"]', (field) => field.value)).toBe('');
      const { recordings } = await client.recordings({ stream: 'by hand' });
      await client.stop(recordings[0]?.recordingId ?? '');
      await other.close();
    },
    2 * WAIT_MS,
  );

  it(
    'says that the API is away, and goes on when it is back',
    async () => {
      const other = await newPage();
      await other.goto(`${runtime.apiUrl}/`);
      await other.waitForSelector('.tile');
      await other.setOfflineMode(true);
      await other.waitForSelector('.problem');
      expect(await other.$('.tile')).not.toBeNull();
      await other.setOfflineMode(false);
      await other.locator('.problem button').click();
      await other.waitForFunction('document.querySelector(".problem") === null');
      await other.close();
    },
    2 * WAIT_MS,
  );

  it('broke no rule of its own Content-Security-Policy and threw nothing', () => {
    expect(problems).toEqual([]);
  });
});
