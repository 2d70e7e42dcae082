import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { removeOld } from './oldFiles.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'compiled-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('keeps what was compiled within a day, and is content where nothing was', () => {
  const nowMs = Date.now();
  const ofVersion = path.join(folder, 'v24-x64');
  mkdirSync(ofVersion);
  for (const [name, ageHours] of [
    ['new', 23],
    ['old', 25],
  ] as const) {
    writeFileSync(path.join(ofVersion, name), '');
    const atSeconds = nowMs / 1000 - ageHours * 3600;
    utimesSync(path.join(ofVersion, name), atSeconds, atSeconds);
  }
  removeOld(folder, nowMs);
  expect(readdirSync(ofVersion)).toEqual(['new']);
  removeOld(path.join(folder, 'nowhere'), nowMs);
});
