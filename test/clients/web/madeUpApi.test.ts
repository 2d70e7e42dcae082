import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import {
  busyAnswer,
  DAY_PARTS,
  dayAnswer,
  deletedMeanwhile,
  HOSTILE,
  HOSTILE_ID,
  hostileAnswer,
  libraryApi,
  mergingApi,
  PAGE,
  recordingOf,
} from '../../support/consoleAnswers.ts';
import { overflowsOf, violationsOf } from '../../support/consoleChecks.ts';
import { ACCESS_TOKEN_SECONDS, consoleForTests, WAIT_MS } from '../../support/consolePage.ts';
import { CLIENT_ID } from '../../support/oidcProvider.ts';
import { describeWith } from '../../support/tools.ts';

const MAX_GZIP_BYTES = 250 * 1000;

describeWith(['chromium'], 'the console, of an API that is made up', () => {
  const tab = consoleForTests();
  const { bearers, ended } = tab;
  const signInButton = () => `Sign in at ${new URL(tab.provider.issuer).host}`;
  const hash = () => tab.page.evaluate('location.pathname + location.search + location.hash');

  it(
    'signs in at an OpenID Connect issuer: comes back to the screen that was left, renews its token, and says when the session has ended',
    async () => {
      const screen = '/console#/library?stream=camera';
      await tab.page.goto(`${tab.url}${screen}`);
      await tab.says('The API asks who you are.');
      await tab.press(signInButton());
      await tab.page.locator('input[name="login"]').fill('ana');
      await tab.page.locator('input[name="password"]').fill('any');
      await tab.page.locator('button[type="submit"]').click();
      await tab.page.waitForFunction('document.body.innerText.includes("Authorize")');
      await tab.page.locator('button[type="submit"]').click();
      await tab.says('No recording is like that.');
      expect(await hash()).toBe(screen);
      expect(bearers.size).toBe(1);
      expect(await tab.page.evaluate('sessionStorage.length + localStorage.length')).toBe(0);

      // A link that a browser follows by itself has no token.
      await tab.page.evaluate(`
        URL.createObjectURL = (blob) => { window.saved = blob.text(); return 'data:,'; };
        location.hash = '#/recordings/${HOSTILE_ID}';
      `);
      await tab.page.locator('::-p-text(events as JSON)').click();
      await tab.page.waitForFunction('window.saved !== undefined');
      const saved = JSON.parse(String(await tab.page.evaluate('window.saved'))) as object[];
      expect(saved).toMatchObject([{ type: HOSTILE, reason: HOSTILE }]);
      expect(await hash()).toBe(`/console#/recordings/${HOSTILE_ID}`);
      await tab.page.evaluate(`location.hash = '${screen.replace('/console', '')}'`);
      await tab.says('No recording is like that.');

      // A minute before it ends.
      expect(await tab.page.evaluate('window.waits.ms')).toBe((ACCESS_TOKEN_SECONDS - 60) * 1000);
      await tab.page.evaluate('window.waits.run()');
      await expect.poll(() => bearers.size).toBe(2);

      // A machine that slept past that: the API refuses the token, and nobody is asked.
      for (const bearer of bearers) ended.add(bearer);
      await expect.poll(() => bearers.size).toBe(3);
      expect(await tab.page.$('.problem')).toBeNull();

      // The issuer gives none any more; it still knows the user.
      tab.provider.revokeRefreshTokens();
      for (const bearer of bearers) ended.add(bearer);
      await tab.says('Your session has ended.');
      expect(await hash()).toBe(screen);
      await tab.press(signInButton());
      await expect.poll(() => bearers.size).toBe(4);
      await tab.says('No recording is like that.');
      expect(await hash()).toBe(screen);

      await tab.press('Sign out');
      await tab.page.waitForFunction('document.body.innerText.includes("sign-out")');
      await tab.page.locator('button[type="submit"]').click();
      await tab.says('The API asks who you are.');
    },
    2 * WAIT_MS,
  );

  it('is as small as it is to be, compressed where the browser takes that, and loaded once', async () => {
    const script = await fetch(`${tab.url}/console/main.js`);
    expect(script.headers.get('content-encoding')).toBe('gzip');
    const all = await Promise.all(
      ['', '/main.js', '/main.css'].map(async (file) => (await fetch(`${tab.url}/console${file}`)).text()),
    );
    expect(gzipSync(all.join('')).length).toBeLessThan(MAX_GZIP_BYTES);
    const etag = script.headers.get('etag') ?? '';
    const again = await fetch(`${tab.url}/console/main.js`, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const plain = await fetch(`${tab.url}/console/config.json`, {
      headers: { 'accept-encoding': 'identity' },
    });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.json()).toEqual({
      signIn: { issuer: tab.provider.issuer, clientId: CLIENT_ID, scope: 'openid' },
    });
  });

  it(
    'lists ten thousand recordings by as many requests as are looked at, and has those near by in the page',
    async () => {
      const api = libraryApi();
      const { pages, joined } = api;
      tab.answer = api.answer;
      await tab.page.goto(`${tab.url}/console#/library`);
      await tab.says('camera 49');
      const rows = () => tab.page.evaluate('document.querySelectorAll("ul.list li").length');
      for (let wanted = 2; wanted <= 12; wanted++) {
        await tab.page.waitForFunction(
          `scrollTo(0, document.documentElement.scrollHeight), document.body.innerText.includes("camera ${wanted * PAGE - 1}")`,
        );
      }
      // Each page once, in their order, and none that nobody has come near to.
      expect(pages.slice(0, 11)).toEqual(Array.from({ length: 11 }, (_, index) => index + 1));
      expect(new Set(pages).size).toBe(pages.length);
      expect(pages.length).toBeLessThan(16);
      await expect.poll(rows).toBeLessThanOrEqual(4 * PAGE);
      await tab.page.evaluate('scrollTo(0, 0)');
      await tab.says('camera 0');
      for (const index of [0, 2]) await tab.page.click(`[aria-label="Select camera ${index}"]`);
      await tab.press('Join the parts of each');
      const join = (index: number) => `/recordings/${recordingOf(index).recordingId}/join`;
      await expect.poll(() => joined).toEqual([join(0), join(2)]);
      await tab.page.goto(`${tab.url}/console#/library?room=blue+room&tag=team%3Dnews`);
      await expect.poll(api.searched).toMatchObject({ room: 'blue room', tag: 'team=news' });
      await tab.page.goto(`${tab.url}/console#/library`);
      await tab.says('camera 0');
      await expect.poll(rows).toBeLessThanOrEqual(4 * PAGE);
      expect(
        await tab.page.$$eval(
          'h2',
          (days) => new Set(days.map((day) => day.textContent)).size === days.length,
        ),
      ).toBe(true);
    },
    2 * WAIT_MS,
  );

  it(
    "shows what any field holds as text, on every screen, in the API's time, by keys alone",
    async () => {
      tab.answer = ({ url }) => hostileAnswer(url.pathname);
      await tab.page.goto(`${tab.url}/console#/now`);
      await tab.says(HOSTILE);
      // The browser is a day ahead; the recording has just begun.
      const recorded = await tab.page.waitForSelector('.numbers dd');
      expect(await recorded?.evaluate((shown) => shown.textContent)).toMatch(/^0:0\d$/);
      await tab.page.waitForSelector('.tile .spark canvas');
      expect(await violationsOf(tab.page)).toEqual([]);
      await tab.page.keyboard.press('l');
      await tab.page.waitForSelector('ul.list a.name');
      expect(await violationsOf(tab.page)).toEqual([]);
      await tab.page.focus('ul.list a.name');
      await tab.page.keyboard.press('Enter');
      await tab.says('What happened');
      const graph = await tab.page.waitForSelector('.graph [role="img"]:has(canvas)');
      expect(await tab.page.$eval('time', (time) => time.title)).toMatch(/^\d{4}-\d\d-\d\dT.*Z \(UTC\)$/);
      expect(await graph?.evaluate((shown) => shown.getAttribute('aria-label'))).toMatch(
        /^How it goes: bitrate 0 kbit\/s; mean of a part not told yet; unsaved 0\.0 s$/,
      );
      expect(await violationsOf(tab.page)).toEqual([]);
      expect(await overflowsOf(tab.page)).toEqual([0, 0]);
      for (const [key, heading] of [
        ['r', 'Rooms'],
        ['h', 'Health'],
      ] as const) {
        await tab.page.keyboard.press(key);
        await tab.page.waitForFunction(
          (text: string) => document.querySelector('h1')?.textContent === text,
          {},
          heading,
        );
        await tab.says(HOSTILE);
        expect(await overflowsOf(tab.page)).toEqual([0, 0]);
      }
      await tab.page.goto(`${tab.url}/console#/rooms/${encodeURIComponent(HOSTILE)}`);
      await tab.page.waitForSelector('ul.room a.name');
      expect(await tab.page.title()).toBe('Stream Recorder');
      expect(await tab.page.$('main img, main script, main b')).toBeNull();
    },
    2 * WAIT_MS,
  );

  it(
    'stops and rotates by keys, on the tile that was gone to, and never while something is written',
    async () => {
      const asked: string[] = [];
      tab.answer = ({ method, url }) => {
        if (method !== 'POST') return hostileAnswer(url.pathname);
        asked.push(url.pathname.split('/').at(-1) ?? '');
        return { status: 200, body: {} };
      };
      await tab.page.goto(`${tab.url}/console#/now`);
      const host = await tab.page.waitForSelector('.tile dd.name');
      expect(await host?.evaluate((shown) => shown.textContent)).toBe(HOSTILE);
      // None is chosen.
      await tab.page.keyboard.type('xp');
      await tab.page.focus('input[name="sourceUrl"]');
      await tab.page.keyboard.type('jxp');
      expect(await tab.page.evaluate('document.activeElement.value')).toBe('jxp');
      await tab.page.evaluate('document.activeElement.blur()');
      await tab.page.keyboard.press('j');
      await tab.page.keyboard.press('p');
      await expect.poll(() => asked).toEqual(['rotate']);
      await tab.page.keyboard.press('x');
      await expect.poll(() => asked).toEqual(['rotate', 'stop']);
    },
    WAIT_MS,
  );

  it(
    'shows a thousand recordings that go on a hundred at a time, says so, and asks for those near by alone',
    async () => {
      const details = new Set<string>();
      tab.answer = ({ url }) => {
        if (/^\/recordings\/./.test(url.pathname)) details.add(url.pathname);
        return busyAnswer(url);
      };
      await tab.page.goto(`${tab.url}/console#/now`);
      await tab.says('The newest 100 of 1000 recordings that go on are shown.');
      const tiles = () => tab.page.$$eval('.tile', (found) => found.length);
      await tab.page.waitForSelector('.tile .numbers dd');
      expect(await tiles()).toBe(100);
      // Nothing moves when a picture comes.
      expect(await tab.page.$$eval('.tile .poster', (places) => places.length)).toBe(100);
      await tab.press('Show 100 more');
      await tab.says('The newest 200 of 1000 recordings that go on are shown.');
      expect(await tiles()).toBe(200);
      expect(details.size).toBeLessThan(100);
      expect(await overflowsOf(tab.page)).toEqual([0, 0]);
    },
    WAIT_MS,
  );

  it(
    'keeps what it has of a recording that is deleted meanwhile, and says so; says what it cannot understand',
    async () => {
      const api = deletedMeanwhile();
      tab.answer = api.answer;
      await tab.page.goto(`${tab.url}/console#/recordings/${HOSTILE_ID}`);
      await tab.says('What happened');
      await tab.says('what comes next is not there any more, or its link has run out. playback_failed');
      expect(await tab.page.$('[aria-label="Files"]')).not.toBeNull();
      api.remove();
      await tab.says('recording_not_found');
      await tab.says('This recording was deleted while it was shown here');
      expect(await tab.page.$eval('h1', (shown) => shown.textContent)).toBe(HOSTILE);
      // Nothing is left that would ask again and again for what is not there.
      expect(await tab.page.$('[aria-label="Files"]')).toBeNull();
      // Of another version: nothing is where it was.
      tab.answer = () => ({ status: 200, body: { items: [{ id: 1 }], recordings: [{}], streams: {} } });
      await tab.page.goto(`${tab.url}/console#/library`);
      await tab.says('not_understood');
      await tab.page.keyboard.press('h');
      await tab.says('not_understood');
      tab.answer = ({ url }) => hostileAnswer(url.pathname);
      await tab.press('Try again');
      await tab.page.waitForFunction('document.querySelector("h1").textContent === "Health"');
    },
    2 * WAIT_MS,
  );

  it(
    'shows a day that was rotated by the minute: its timeline, its files in pages, the latest of what happened',
    async () => {
      tab.answer = ({ url }) => dayAnswer(url);
      await tab.page.goto(`${tab.url}/console#/recordings/${HOSTILE_ID}`);
      await tab.says('100 of 1440 files.');
      const count = (selector: string) => tab.page.$$eval(selector, (found) => found.length);
      expect(await count('.timeline .track button')).toBe(DAY_PARTS);
      expect(await count('.story li')).toBe(200);
      expect(await overflowsOf(tab.page)).toEqual([0, 0]);
      await tab.click('Show more files');
      await tab.says('200 of 1440 files.');
      expect(await count('[aria-label="Files"] tbody tr')).toBe(200);
      await tab.click(`Show the ${2 * DAY_PARTS - 200} events before`);
      await expect.poll(() => count('.story li')).toBe(2 * DAY_PARTS);
    },
    2 * WAIT_MS,
  );

  it(
    'makes one file of a room: shows how far it is, leads to what it has become, and gives one up',
    async () => {
      const api = mergingApi();
      tab.answer = api.answer;
      await tab.page.goto(`${tab.url}/console#/rooms/${encodeURIComponent(HOSTILE)}`);
      await tab.page.waitForSelector('main select');
      await tab.page.select('main select', 'grid');
      await tab.press('Merge');
      await tab.says('41 %, 1 min 30 s to go');
      expect(api.asked).toEqual([{ layout: 'grid', running: 'wait' }]);
      expect(await violationsOf(tab.page)).toEqual([]);
      expect(await overflowsOf(tab.page)).toEqual([0, 0]);
      await tab.press('Cancel: All in one picture');
      await tab.says('canceled');
      await tab.says('No picture: each participant has tracks of their own in it.');
      expect(await tab.page.$eval('main section img.poster', (picture) => picture.getAttribute('src'))).toBe(
        '/poster.jpg',
      );
      expect(await tab.page.$eval('main section a', (link) => link.getAttribute('href'))).toBe(
        `#/recordings/${HOSTILE_ID}`,
      );
    },
    2 * WAIT_MS,
  );

  it('broke no rule of its own Content-Security-Policy and threw nothing', () => {
    expect(tab.problems).toEqual([]);
  });
});
