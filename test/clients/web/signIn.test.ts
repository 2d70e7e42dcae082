import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildConsole } from '../../../clients/web/build.ts';
import { Closers } from '../../../infra/local/closers.ts';
import { CHROMIUM_ARGUMENTS } from '../../support/browser.ts';
import { type ConsoleSite, startConsoleSite } from '../../support/consoleSite.ts';
import { isLetIn } from '../../support/jwtAuthorizer.ts';
import { AUDIENCE, CLIENT_ID, type OidcProvider, startOidcProvider } from '../../support/oidcProvider.ts';
import { describeWith } from '../../support/tools.ts';

const WAIT_MS = 60_000;
const MAX_GZIP_BYTES = 250 * 1000;
const ACCESS_TOKEN_SECONDS = 3600;
const before = { ...process.env };
/** A browser whose clock is a day ahead, and that shows the timer which waits for long. */
const ODD_CLOCK = `
  const Right = Date;
  const ahead = 86_400_000;
  Date = class extends Right {
    constructor(...given) { given.length === 0 ? super(Right.now() + ahead) : super(...given); }
    static now() { return Right.now() + ahead; }
  };
  const wait = window.setTimeout;
  window.setTimeout = (run, ms, ...given) => {
    if (ms > 60_000) window.waits = { run, ms };
    return wait(run, ms, ...given);
  };
`;

describeWith(['chromium'], 'signing in at an OpenID Connect issuer', () => {
  let browser: Browser;
  let page: Page;
  let site: ConsoleSite;
  let provider: OidcProvider;
  /** That the API let in. */
  const bearers = new Set<string>();
  /** Those that it takes no more, as after their time. */
  const ended = new Set<string>();
  const problems: string[] = [];
  const closers = new Closers();

  beforeAll(async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'console-'));
    closers.add(() => rm(folder, { recursive: true, force: true }));
    site = await startConsoleSite(async ({ url, authorization }) => {
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
  }, WAIT_MS);

  afterAll(async () => {
    process.env = before;
    await closers.closeAll();
  }, WAIT_MS);

  const press = async (name: string): Promise<void> => {
    await page.locator(`::-p-aria([name="${name}"][role="button"])`).click();
  };
  const signInButton = () => `Sign in at ${new URL(provider.issuer).host}`;
  const says = (text: string) =>
    page.waitForFunction((wanted: string) => document.body.innerText.includes(wanted), {}, text);
  const hash = () => page.evaluate('location.pathname + location.search + location.hash');

  it(
    'comes back to the screen that was left, renews its token, and says when the session has ended',
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

  it('broke no rule of its own Content-Security-Policy and threw nothing', () => {
    expect(problems).toEqual([]);
  });
});
