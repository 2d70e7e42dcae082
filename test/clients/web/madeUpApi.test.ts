import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildConsole } from '../../../clients/web/build.ts';
import { Closers } from '../../../infra/local/closers.ts';
import { CHROMIUM_ARGUMENTS } from '../../support/browser.ts';
import {
  DAY_PARTS,
  dayAnswer,
  HOSTILE,
  HOSTILE_ID,
  hostileAnswer,
  LIBRARY,
  mergingApi,
  ODD_CLOCK,
  PAGE,
  recordingOf,
} from '../../support/consoleAnswers.ts';
import { overflowsOf, violationsOf } from '../../support/consoleChecks.ts';
import {
  type ApiAnswer,
  type ConsoleRequest,
  type ConsoleSite,
  startConsoleSite,
} from '../../support/consoleSite.ts';
import { isLetIn } from '../../support/jwtAuthorizer.ts';
import { AUDIENCE, CLIENT_ID, type OidcProvider, startOidcProvider } from '../../support/oidcProvider.ts';
import { describeWith } from '../../support/tools.ts';

const WAIT_MS = 60_000;
const MAX_GZIP_BYTES = 250 * 1000;
const ACCESS_TOKEN_SECONDS = 3600;
const before = { ...process.env };
describeWith(['chromium'], 'the console, of an API that is made up', () => {
  let browser: Browser;
  let page: Page;
  let site: ConsoleSite;
  let provider: OidcProvider;
  /** That the API let in. */
  const bearers = new Set<string>();
  /** Those that it takes no more, as after their time. */
  const ended = new Set<string>();
  /** What it says, of whom it asks nothing; undefined while it asks for a token. */
  let answer: ((request: ConsoleRequest) => ApiAnswer) | undefined;
  const problems: string[] = [];
  const closers = new Closers();

  beforeAll(async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'console-'));
    closers.add(() => rm(folder, { recursive: true, force: true }));
    site = await startConsoleSite(async (request) => {
      if (answer !== undefined) return answer(request);
      const { url, authorization } = request;
      const rules = { issuer: provider.issuer, audience: AUDIENCE };
      const isKnown = authorization !== undefined && !ended.has(authorization);
      // As API Gateway says it.
      if (!isKnown || !(await isLetIn(authorization, rules)))
        return { status: 401, body: { message: 'Unauthorized' } };
      bearers.add(authorization);
      return url.pathname === '/recordings' ? { status: 200, body: { recordings: [] } } : undefined;
    });
    closers.add(() => site.close());
    provider = await startOidcProvider({
      redirectUri: `${site.url}/console`,
      accessTokenSeconds: ACCESS_TOKEN_SECONDS,
    });
    closers.add(() => provider.close());
    await buildConsole(folder);
    const signIn = { issuer: provider.issuer, clientId: CLIENT_ID, scope: 'openid', origins: [] };
    Object.assign(process.env, {
      CONSOLE_FOLDER: folder,
      CONSOLE_MEDIA_ORIGINS: 'https://library.example',
      CONSOLE_SIGN_IN: JSON.stringify(signIn),
    });
    browser = await puppeteer.launch({
      executablePath: '/usr/bin/chromium',
      args: CHROMIUM_ARGUMENTS,
      userDataDir: path.join(folder, 'profile'),
    });
    closers.add(() => browser.close());
    page = await browser.newPage();
    page.setDefaultTimeout(WAIT_MS);
    await page.evaluateOnNewDocument(ODD_CLOCK);
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (/Security Policy/.test(message.text())) problems.push(message.text());
    });
  }, 3 * WAIT_MS);

  afterAll(async () => {
    process.env = before;
    await closers.closeAll();
  }, 3 * WAIT_MS);

  const press = async (name: string): Promise<void> => {
    await page.locator(`::-p-aria([name="${name}"][role="button"])`).click();
  };
  const signInButton = () => `Sign in at ${new URL(provider.issuer).host}`;
  const says = (text: string) =>
    page.waitForFunction((wanted: string) => document.body.innerText.includes(wanted), {}, text);
  const hash = () => page.evaluate('location.pathname + location.search + location.hash');

  it(
    'signs in at an OpenID Connect issuer: comes back to the screen that was left, renews its token, and says when the session has ended',
    async () => {
      const screen = '/console#/library?stream=camera';
      await page.goto(`${site.url}${screen}`);
      await says('The API asks who you are.');
      await press(signInButton());
      await page.locator('input[name="login"]').fill('ana');
      await page.locator('input[name="password"]').fill('any');
      await page.locator('button[type="submit"]').click();
      await page.waitForFunction('document.body.innerText.includes("Authorize")');
      await page.locator('button[type="submit"]').click();
      await says('No recording is like that.');
      expect(await hash()).toBe(screen);
      expect(bearers.size).toBe(1);
      expect(await page.evaluate('sessionStorage.length + localStorage.length')).toBe(0);

      // A minute before it ends.
      expect(await page.evaluate('window.waits.ms')).toBe((ACCESS_TOKEN_SECONDS - 60) * 1000);
      await page.evaluate('window.waits.run()');
      await expect.poll(() => bearers.size).toBe(2);

      // A machine that slept past that: the API refuses the token, and nobody is asked.
      for (const bearer of bearers) ended.add(bearer);
      await expect.poll(() => bearers.size).toBe(3);
      expect(await page.$('.problem')).toBeNull();

      // The issuer gives none any more; it still knows the user.
      provider.revokeRefreshTokens();
      for (const bearer of bearers) ended.add(bearer);
      await says('Your session has ended.');
      expect(await hash()).toBe(screen);
      await press(signInButton());
      await expect.poll(() => bearers.size).toBe(4);
      await says('No recording is like that.');
      expect(await hash()).toBe(screen);

      await press('Sign out');
      await page.waitForFunction('document.body.innerText.includes("sign-out")');
      await page.locator('button[type="submit"]').click();
      await says('The API asks who you are.');
    },
    2 * WAIT_MS,
  );

  it('is as small as it is to be, compressed where the browser takes that, and loaded once', async () => {
    const script = await fetch(`${site.url}/console/main.js`);
    expect(script.headers.get('content-encoding')).toBe('gzip');
    const all = await Promise.all(
      ['', '/main.js', '/main.css'].map(async (file) => (await fetch(`${site.url}/console${file}`)).text()),
    );
    expect(gzipSync(all.join('')).length).toBeLessThan(MAX_GZIP_BYTES);
    const etag = script.headers.get('etag') ?? '';
    const again = await fetch(`${site.url}/console/main.js`, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const plain = await fetch(`${site.url}/console/config.json`, {
      headers: { 'accept-encoding': 'identity' },
    });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.json()).toEqual({
      signIn: { issuer: provider.issuer, clientId: CLIENT_ID, scope: 'openid' },
    });
  });

  it(
    'lists ten thousand recordings by as many requests as are looked at, and has those near by in the page',
    async () => {
      const pages: number[] = [];
      const joined: string[] = [];
      let searched: object = {};
      answer = ({ method, url }) => {
        if (method === 'POST') {
          joined.push(url.pathname);
          return { status: 200, body: {} };
        }
        if (url.pathname !== '/recordings') return undefined;
        searched = Object.fromEntries(url.searchParams);
        const at = Number(url.searchParams.get('nextToken') ?? '0');
        if (at > 0) pages.push(at / PAGE);
        const recordings = Array.from({ length: PAGE }, (_, index) => recordingOf(at + index));
        const next = at + PAGE;
        return { status: 200, body: { recordings, ...(next < LIBRARY ? { nextToken: String(next) } : {}) } };
      };
      await page.goto(`${site.url}/console#/library`);
      await says('camera 49');
      const rows = () => page.evaluate('document.querySelectorAll("ul.list li").length');
      for (let wanted = 2; wanted <= 12; wanted++) {
        await page.waitForFunction(
          `scrollTo(0, document.documentElement.scrollHeight), document.body.innerText.includes("camera ${wanted * PAGE - 1}")`,
        );
      }
      // Each page once, in their order, and none that nobody has come near to.
      expect(pages.slice(0, 11)).toEqual(Array.from({ length: 11 }, (_, index) => index + 1));
      expect(new Set(pages).size).toBe(pages.length);
      expect(pages.length).toBeLessThan(16);
      await expect.poll(rows).toBeLessThanOrEqual(4 * PAGE);
      await page.evaluate('scrollTo(0, 0)');
      await says('camera 0');
      for (const index of [0, 2]) await page.click(`[aria-label="Select camera ${index}"]`);
      await press('Join the parts of each');
      const join = (index: number) => `/recordings/${recordingOf(index).recordingId}/join`;
      await expect.poll(() => joined).toEqual([join(0), join(2)]);
      await page.goto(`${site.url}/console#/library?room=blue+room&tag=team%3Dnews`);
      await expect.poll(() => searched).toMatchObject({ room: 'blue room', tag: 'team=news' });
      await page.goto(`${site.url}/console#/library`);
      await says('camera 0');
      await expect.poll(rows).toBeLessThanOrEqual(4 * PAGE);
      expect(
        await page.$$eval('h2', (days) => new Set(days.map((day) => day.textContent)).size === days.length),
      ).toBe(true);
    },
    2 * WAIT_MS,
  );

  it(
    "shows what any field holds as text, on every screen, in the API's time, by keys alone",
    async () => {
      answer = ({ url }) => hostileAnswer(url.pathname);
      await page.goto(`${site.url}/console#/now`);
      await says(HOSTILE);
      // The browser is a day ahead; the recording has just begun.
      expect(await page.$eval('.numbers dd', (shown) => shown.textContent)).toMatch(/^0:0\d$/);
      await page.keyboard.press('l');
      await page.waitForSelector('ul.list a.name');
      expect(await violationsOf(page)).toEqual([]);
      await page.focus('ul.list a.name');
      await page.keyboard.press('Enter');
      await says('What happened');
      expect(await violationsOf(page)).toEqual([]);
      for (const [key, heading] of [
        ['r', 'Rooms'],
        ['h', 'Health'],
      ] as const) {
        await page.keyboard.press(key);
        await page.waitForFunction(
          (text: string) => document.querySelector('h1')?.textContent === text,
          {},
          heading,
        );
        await says(HOSTILE);
        expect(await overflowsOf(page)).toEqual([0, 0]);
      }
      await page.goto(`${site.url}/console#/rooms/${encodeURIComponent(HOSTILE)}`);
      await page.waitForSelector('ul.room a.name');
      expect(await page.title()).toBe('Stream Recorder');
      expect(await page.$('main img, main script, main b')).toBeNull();
    },
    2 * WAIT_MS,
  );

  it(
    'stops and rotates by keys, on the tile that was gone to, and never while something is written',
    async () => {
      const asked: string[] = [];
      answer = ({ method, url }) => {
        if (method !== 'POST') return hostileAnswer(url.pathname);
        asked.push(url.pathname.split('/').at(-1) ?? '');
        return { status: 200, body: {} };
      };
      await page.goto(`${site.url}/console#/now`);
      await page.waitForSelector('.tile');
      expect(await page.$eval('.tile dd.name', (host) => host.textContent)).toBe(HOSTILE);
      // None is chosen.
      await page.keyboard.type('xp');
      await page.focus('input[name="sourceUrl"]');
      await page.keyboard.type('jxp');
      expect(await page.evaluate('document.activeElement.value')).toBe('jxp');
      await page.evaluate('document.activeElement.blur()');
      await page.keyboard.press('j');
      await page.keyboard.press('p');
      await expect.poll(() => asked).toEqual(['rotate']);
      await page.keyboard.press('x');
      await expect.poll(() => asked).toEqual(['rotate', 'stop']);
    },
    WAIT_MS,
  );

  it(
    'keeps what it has of a recording that is deleted meanwhile, and says so; says what it cannot understand',
    async () => {
      let isDeleted: boolean = false;
      answer = ({ url }) =>
        isDeleted
          ? {
              status: 404,
              body: { error: { code: 'recording_not_found', message: 'Gone.', requestId: 'r' } },
            }
          : hostileAnswer(url.pathname);
      await page.goto(`${site.url}/console#/recordings/${HOSTILE_ID}`);
      await says('What happened');
      expect(await page.$('[aria-label="Files"]')).not.toBeNull();
      isDeleted = true;
      await says('recording_not_found');
      await says('This recording was deleted while it was shown here');
      expect(await page.$eval('h1', (shown) => shown.textContent)).toBe(HOSTILE);
      // Nothing is left that would ask again and again for what is not there.
      expect(await page.$('[aria-label="Files"]')).toBeNull();
      // Of another version: nothing is where it was.
      answer = () => ({ status: 200, body: { items: [{ id: 1 }], recordings: [{}], streams: {} } });
      await page.goto(`${site.url}/console#/library`);
      await says('not_understood');
      await page.keyboard.press('h');
      await says('not_understood');
      answer = ({ url }) => hostileAnswer(url.pathname);
      await press('Try again');
      await page.waitForFunction('document.querySelector("h1").textContent === "Health"');
    },
    2 * WAIT_MS,
  );

  it(
    'shows a day that was rotated by the minute: its timeline, its files in pages, the latest of what happened',
    async () => {
      answer = ({ url }) => dayAnswer(url);
      await page.goto(`${site.url}/console#/recordings/${HOSTILE_ID}`);
      await says('100 of 1440 files.');
      const count = (selector: string) => page.$$eval(selector, (found) => found.length);
      expect(await count('.timeline .track button')).toBe(DAY_PARTS);
      expect(await count('.story li')).toBe(200);
      expect(await overflowsOf(page)).toEqual([0, 0]);
      await press('Show more files');
      await says('200 of 1440 files.');
      expect(await count('[aria-label="Files"] tbody tr')).toBe(200);
      await press(`Show the ${2 * DAY_PARTS - 200} events before`);
      await expect.poll(() => count('.story li')).toBe(2 * DAY_PARTS);
    },
    2 * WAIT_MS,
  );

  it(
    'makes one file of a room: shows how far it is, leads to what it has become, and gives one up',
    async () => {
      const api = mergingApi();
      answer = api.answer;
      await page.goto(`${site.url}/console#/rooms/${encodeURIComponent(HOSTILE)}`);
      await page.waitForSelector('main select');
      await page.select('main select', 'grid');
      await press('Merge');
      await says('41 %, 1 min 30 s to go');
      expect(api.asked).toEqual([{ layout: 'grid', running: 'wait' }]);
      expect(await violationsOf(page)).toEqual([]);
      expect(await overflowsOf(page)).toEqual([0, 0]);
      await press('Cancel: All in one picture');
      await says('canceled');
      await says('No picture: each participant has tracks of their own in it.');
      expect(await page.$eval('main section img.poster', (picture) => picture.getAttribute('src'))).toBe(
        '/poster.jpg',
      );
      expect(await page.$eval('main section a', (link) => link.getAttribute('href'))).toBe(
        `#/recordings/${HOSTILE_ID}`,
      );
    },
    2 * WAIT_MS,
  );

  it('broke no rule of its own Content-Security-Policy and threw nothing', () => {
    expect(problems).toEqual([]);
  });
});
