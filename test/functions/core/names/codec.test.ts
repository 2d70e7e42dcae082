import { describe, expect, it } from 'vitest';
import { protectSegment } from '../../../../functions/core/names/codec.ts';
import { decodeName, encodeName } from '../../../../functions/core/names/index.ts';

describe('encodeName', () => {
  it.each([
    ['Übung-日本語_Зал.1', 'Übung-日本語_Зал.1'],
    ["it's (live)!", "it's%20(live)!"],
    ['a/b\\c', 'a%2Fb%5Cc'],
    ['100%', '100%25'],
    ['{endTime}', '%7BendTime%7D'],
    ['a*b?c:d|e"f<g>', 'a%2Ab%3Fc%3Ad%7Ce%22f%3Cg%3E'],
    ['&$@=;+,', '%26%24%40%3D%3B%2B%2C'],
    ['^`[]#~', '%5E%60%5B%5D%23%7E'],
    ['.hidden', '%2Ehidden'],
    ['..', '%2E%2E'],
    ['a..b', 'a%2E%2Eb'],
    ['dot.', 'dot%2E'],
    ['v1.2', 'v1.2'],
    ['space ', 'space%20'],
    ['a\u0000\n\u007f\u0085b', 'a%00%0A%7F%C2%85b'],
    ['e\u0301', 'é'],
    ['\u0301x', '%CC%81x'],
    ['\ud800x', '\ufffdx'],
    ['gpj\u202e.exe', 'gpj%E2%80%AE.exe'],
    ['no\u00a0break\u3000', 'no%C2%A0break%E3%80%80'],
    ['\ufeff\uffff', '%EF%BB%BF%EF%BF%BF'],
    ['👨‍👩‍👧‍👦🏴\u{e0067}\u{e007f}', '👨‍👩‍👧‍👦🏴\u{e0067}\u{e007f}'],
  ])('writes %j as %s, and reads it back', (value, text) => {
    expect(encodeName(value)).toBe(text);
    expect(decodeName(text)).toBe(value.toWellFormed().normalize('NFC'));
  });

  it('replaces by _ if asked to', () => {
    expect(encodeName('a/b c..é%', 'underscore')).toBe('a_b_c__é_');
  });

  it('leaves escapes that it never makes', () => {
    expect(decodeName('100%-%zz-%C3-%C3%A9')).toBe('100%-%zz-%C3-é');
  });
});

describe('protectSegment', () => {
  it.each([
    ['con.mp4', '%63on.mp4', '_con.mp4'],
    ['NUL', '%4EUL', '_NUL'],
    ['com¹.ts', '%63om¹.ts', '_com¹.ts'],
    ['console.mp4', 'console.mp4', 'console.mp4'],
    ['.x', '%2Ex', '_x'],
    ['x.', 'x%2E', 'x_'],
  ])('makes %s no special name', (segment, percent, underscore) => {
    expect(protectSegment(segment, 'percent')).toBe(percent);
    expect(protectSegment(segment, 'underscore')).toBe(underscore);
  });
});
