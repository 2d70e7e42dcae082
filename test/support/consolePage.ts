import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import puppeteer, { type Page } from 'puppeteer-core';
import { afterAll, beforeAll } from 'vitest';
import { buildConsole } from '../../clients/web/build.ts';
import { Closers } from '../../infra/local/closers.ts';
import { CHROMIUM_ARGUMENTS } from './browser.ts';
import { hostileAnswer, ODD_CLOCK } from './consoleAnswers.ts';
import { type ApiAnswer, type ConsoleRequest, type ConsoleSite, startConsoleSite } from './consoleSite.ts';
import { keptEnvironment } from './environment.ts';
import { isLetIn } from './jwtAuthorizer.ts';
import { AUDIENCE, CLIENT_ID, type OidcProvider, startOidcProvider } from './oidcProvider.ts';

/** Of whatever a browser is waited for. */
export const WAIT_MS = 60_000;
const LOOK_EVERY_MS = 100;
export const ACCESS_TOKEN_SECONDS = 3600;

/** The console in a browser, an API of it that the test makes up, and an issuer of that API's tokens. */
export class ConsolePage {
  /** That the API let in. */
  readonly bearers = new Set<string>();
  /** Those that it takes no more, as after their time. */
  readonly ended = new Set<string>();
  /** What the API says, of whom it asks nothing; undefined while it asks for a token. */
  answer: ((request: ConsoleRequest) => ApiAnswer) | undefined;
  /** What the page threw, and what its Content-Security-Policy forbade it. */
  readonly problems: string[] = [];
  readonly #closers = new Closers();
  #started: { readonly page: Page; readonly site: ConsoleSite; readonly provider: OidcProvider } | undefined;

  async start(): Promise<void> {
    const folder = await mkdtemp(path.join(tmpdir(), 'console-'));
    this.#closers.add(() => rm(folder, { recursive: true, force: true }));
    const site = await startConsoleSite((request) => this.#answerTo(request));
    this.#closers.add(() => site.close());
    const provider = await startOidcProvider({
      redirectUri: `${site.url}/console`,
      accessTokenSeconds: ACCESS_TOKEN_SECONDS,
    });
    this.#closers.add(() => provider.close());
    await buildConsole(folder);
    this.#closers.add(keptEnvironment());
    const signIn = { issuer: provider.issuer, clientId: CLIENT_ID, scope: 'openid', origins: [] };
    Object.assign(process.env, {
      CONSOLE_FOLDER: folder,
      CONSOLE_MEDIA_ORIGINS: 'https://library.example',
      CONSOLE_SIGN_IN: JSON.stringify(signIn),
    });
    const browser = await puppeteer.launch({
      executablePath: '/usr/bin/chromium',
      args: CHROMIUM_ARGUMENTS,
      userDataDir: path.join(folder, 'profile'),
    });
    this.#closers.add(() => browser.close());
    const page = await browser.newPage();
    page.setDefaultTimeout(WAIT_MS);
    await page.evaluateOnNewDocument(ODD_CLOCK);
    page.on('pageerror', (error) => this.problems.push(String(error)));
    page.on('console', (message) => {
      if (/Security Policy/.test(message.text())) this.problems.push(message.text());
    });
    this.#started = { page, site, provider };
  }

  get #running() {
    if (this.#started === undefined) throw new Error('the console is there once tests run');
    return this.#started;
  }

  get page(): Page {
    return this.#running.page;
  }

  /** Where the console and its API are. */
  get url(): string {
    return this.#running.site.url;
  }

  get provider(): OidcProvider {
    return this.#running.provider;
  }

  close(): Promise<void> {
    return this.#closers.closeAll();
  }

  async press(name: string): Promise<void> {
    await this.page.locator(`::-p-aria([name="${name}"][role="button"])`).click();
  }

  /** A button by what it says: a browser takes seconds to find a name among thousands. */
  async click(text: string): Promise<void> {
    await this.page.$$eval(
      'button',
      (all, wanted) => all.find(({ textContent }) => textContent === wanted)?.click(),
      text,
    );
  }

  /** Waits until the page shows the text. */
  async says(text: string): Promise<void> {
    // Not at each frame, as it would by default: all of a page's text takes its layout.
    await this.page.waitForFunction(
      (wanted: string) => document.body.innerText.includes(wanted),
      { polling: LOOK_EVERY_MS },
      text,
    );
  }

  async #answerTo(request: ConsoleRequest): Promise<ApiAnswer | undefined> {
    if (this.answer !== undefined) return this.answer(request);
    const { url, authorization } = request;
    const rules = { issuer: this.provider.issuer, audience: AUDIENCE };
    const isKnown = authorization !== undefined && !this.ended.has(authorization);
    // As API Gateway says it.
    if (!isKnown || !(await isLetIn(authorization, rules)))
      return { status: 401, body: { message: 'Unauthorized' } };
    this.bearers.add(authorization);
    if (url.pathname === '/recordings') return { status: 200, body: { recordings: [] } };
    return hostileAnswer(url.pathname);
  }
}

/** One that the tests of a file share. */
export function consoleForTests(): ConsolePage {
  const tab = new ConsolePage();
  beforeAll(() => tab.start(), 3 * WAIT_MS);
  afterAll(() => tab.close(), 3 * WAIT_MS);
  return tab;
}
