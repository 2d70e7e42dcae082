import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileOfToken, fileToken, type LinkedFile } from '../../../../functions/core/links/fileToken.ts';
import { seal } from '../../../../functions/core/links/seal.ts';

const KEY = 'a key of at least thirty-two characters';
const NOW_MS = Date.UTC(2026, 6, 1);
const FILE: LinkedFile = { as: 'inline', bucket: 'library', key: 'a/b.mp4', versionId: 'v1' };
const TOKEN = fileToken(FILE, NOW_MS + 60_000, KEY);

const file: fc.Arbitrary<LinkedFile> = fc.record({
  as: fc.constantFrom('attachment', 'inline', 'picture'),
  bucket: fc.string({ minLength: 3, maxLength: 63 }),
  key: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 250 }),
  versionId: fc.option(fc.string({ maxLength: 40 }), { nil: undefined }),
});

describe("the token of a file's link", () => {
  it('names its file, and no other, until it expires, and no longer', () => {
    fc.assert(
      fc.property(file, fc.integer({ min: 1_000, max: 24 * 3_600_000 }), (one, lastsMs) => {
        const token = fileToken(one, NOW_MS + lastsMs, KEY);
        const expiresAtMs = Math.ceil((NOW_MS + lastsMs) / 1000) * 1000;
        expect(fileOfToken(token, KEY, NOW_MS)).toEqual({ file: one, expiresAtMs });
        expect(fileOfToken(token, KEY, expiresAtMs)?.file).toEqual(one);
        expect(fileOfToken(token, KEY, expiresAtMs + 1)).toBeUndefined();
        expect(encodeURIComponent(token)).toBe(token);
      }),
    );
  });

  it('leaves a request room for its headers with the longest key that S3 takes', () => {
    const longest = { ...FILE, bucket: 'b'.repeat(63), key: 'ж'.repeat(512), versionId: 'v'.repeat(64) };
    expect(fileToken(longest, NOW_MS, KEY).length).toBeLessThan(2_000);
  });

  it('is refused when any character of it is another one, or missing, and with another key', () => {
    for (let at = 0; at < TOKEN.length; at += 1) {
      const alike = String.fromCharCode(TOKEN.charCodeAt(at) + 256);
      for (const other of ['', '.', TOKEN[at] === 'A' ? 'B' : 'A', alike]) {
        const forged = TOKEN.slice(0, at) + other + TOKEN.slice(at + 1);
        if (forged !== TOKEN) expect(fileOfToken(forged, KEY, NOW_MS), forged).toBeUndefined();
      }
      expect(fileOfToken(TOKEN.slice(0, at), KEY, NOW_MS)).toBeUndefined();
    }
    expect(fileOfToken(TOKEN, `${KEY}!`, NOW_MS)).toBeUndefined();
  });

  it('is none of a link to play, even with what a file has in it', () => {
    const text = TOKEN.slice(0, TOKEN.lastIndexOf('.'));
    expect(seal('file', text, KEY)).toBe(TOKEN);
    expect(fileOfToken(seal('play', text, KEY), KEY, NOW_MS)).toBeUndefined();
  });
});
