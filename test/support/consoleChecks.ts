import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'puppeteer-core';

const AXE = path.resolve(import.meta.dirname, '../../node_modules/axe-core/axe.min.js');
/** An experimental rule of axe-core, and the player's own words for its signs: "Playback rate 1" for "1x". */
const PLAYERS_OWN = /^label-content-name-mismatch: <media-/;
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** What axe-core finds, as rule and element; in the dark the colours alone are other ones. */
export async function violationsOf(page: Page): Promise<string[]> {
  // Not as a script of the page, which its Content-Security-Policy would keep from running.
  await page.evaluate(readFileSync(AXE, 'utf8'));
  const found = await run(page, RULES);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  const dark = await run(page, ['color-contrast']);
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
  return [...found, ...dark.map((one) => `dark: ${one}`)];
}

async function run(page: Page, runOnly: readonly string[]): Promise<string[]> {
  const found = (await page.evaluate(`axe.run(document, { runOnly: ${JSON.stringify(runOnly)} })`)) as {
    violations: Violation[];
  };
  return found.violations
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
    .filter((one) => !PLAYERS_OWN.test(one));
}

/** On a telephone and on a wall: by how many pixels it is wider than what shows it. */
export async function overflowsOf(page: Page): Promise<number[]> {
  const overflows: number[] = [];
  for (const [width, height] of [
    [360, 740],
    [2560, 1440],
  ] as const) {
    await page.setViewport({ width, height });
    overflows.push(
      (await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')) as number,
    );
  }
  await page.setViewport({ width: 1200, height: 900 });
  return overflows.map((pixels) => Math.max(0, pixels));
}
