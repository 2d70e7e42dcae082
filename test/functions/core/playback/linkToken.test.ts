import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linkToken, recordingOfToken } from '../../../../functions/core/playback/linkToken.ts';
import { newRecordingId } from '../../../../functions/core/state/ids.ts';

const KEY = 'a key of at least thirty-two characters';
const NOW_MS = Date.UTC(2026, 6, 1);
const recordingId = fc
  .tuple(fc.integer({ min: 0, max: NOW_MS }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map(([timeMs, random]) => newRecordingId(timeMs, Buffer.from(random)));

describe('the token of a link', () => {
  it('lets its recording be played until it expires, and no longer', () => {
    fc.assert(
      fc.property(recordingId, fc.integer({ min: 1_000, max: 400 * 24 * 3_600_000 }), (id, lastsMs) => {
        const token = linkToken(id, NOW_MS + lastsMs, KEY);
        expect(recordingOfToken(token, KEY, NOW_MS)).toBe(id);
        expect(recordingOfToken(token, KEY, NOW_MS + lastsMs)).toBe(id);
        expect(recordingOfToken(token, KEY, NOW_MS + lastsMs + 1_001)).toBeUndefined();
      }),
    );
  });

  it('is short, and needs no encoding in a path', () => {
    const token = linkToken(newRecordingId(NOW_MS, Buffer.alloc(16, 7)), NOW_MS, KEY);
    expect(token.length).toBeLessThan(64);
    expect(encodeURIComponent(token)).toBe(token);
  });

  it('is refused when a character of it is another one, or missing, and with another key', () => {
    fc.assert(
      fc.property(recordingId, fc.nat(60), fc.constantFrom('A', '0', '.', '', '~'), (id, at, other) => {
        const token = linkToken(id, NOW_MS + 60_000, KEY);
        const forged = token.slice(0, at) + other + token.slice(at + 1);
        if (forged !== token) expect(recordingOfToken(forged, KEY, NOW_MS)).toBeUndefined();
        expect(recordingOfToken(token, `${KEY}!`, NOW_MS)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('is refused when a character is one of another alphabet with the same low byte', () => {
    fc.assert(
      fc.property(recordingId, fc.nat(60), fc.integer({ min: 1, max: 200 }), (id, at, page) => {
        const token = linkToken(id, NOW_MS + 60_000, KEY);
        const place = at % token.length;
        const alike = String.fromCharCode(token.charCodeAt(place) + 256 * page);
        const forged = token.slice(0, place) + alike + token.slice(place + 1);
        expect(recordingOfToken(forged, KEY, NOW_MS)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('is refused when it is no token at all', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(recordingOfToken(text, KEY, NOW_MS)).toBeUndefined();
      }),
    );
  });
});
