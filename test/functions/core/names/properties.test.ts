import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partNumber } from '../../../../functions/core/names/elements.ts';
import {
  checkNameRules,
  collisionKey,
  decodeName,
  encodeName,
  fileName,
  libraryKey,
  type NameRules,
  NameTemplateError,
  sharedPieces,
} from '../../../../functions/core/names/index.ts';
import { anyRules, anyText, anyValues, FILE_TEMPLATES, VALUES } from './arbitraries.ts';

const bytes = (text: string): number => Buffer.byteLength(text, 'utf8');
const extension = fc.constantFrom('mp4', 'webm', 'mkv', 'ts');
const RUNS = { numRuns: 250 };

/** Rules that pass the check: limits that the template's fixed pieces cannot keep are refused there. */
const checkedRules = anyRules.filter((rules) => {
  try {
    checkNameRules(rules);
    return true;
  } catch (error) {
    if (error instanceof NameTemplateError && error.fault === 'too_long') return false;
    throw error;
  }
});

function expectSafeName(name: string, maxBytes: number): void {
  expect(bytes(name)).toBeLessThanOrEqual(maxBytes);
  expect(name.isWellFormed()).toBe(true);
  expect(name).not.toMatch(/^\.|\.$|^$/);
  expect(name).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
  expect(name).not.toMatch(/[\p{Cc}\p{Zs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\\/:*?"<>|^`[\]#~&$@=;+,]/u);
  expect(name).not.toMatch(/%(?![0-9A-F]{2})/);
  expect(name.replaceAll(/\{(endTime|endTimeMillis|duration)\}/g, '')).not.toMatch(/[{}]/);
}

describe('names, whatever the values', () => {
  it('keep the limits, the extension and the part number, and are safe', () => {
    fc.assert(
      fc.property(anyValues, checkedRules, extension, (values, rules, ext) => {
        const file = fileName(values, rules, ext);
        expectSafeName(file.name, rules.fileNameMaxBytes);
        expect(file.name.endsWith(`.${ext}`)).toBe(true);
        const key = libraryKey(values, rules, file.name, ext);
        expect(bytes(key.name)).toBeLessThanOrEqual(rules.keyMaxBytes);
        for (const segment of key.name.split('/')) expectSafeName(segment, rules.fileNameMaxBytes);
        expect(key.name).not.toMatch(/[{}]/);
        expect(key.name.endsWith(`.${ext}`)).toBe(true);
        const template = rules.policy === 'streamName' ? '{streamName}' : rules.fileTemplate;
        if (!/\{(part|startTime)\}/.test(template)) {
          const number = `_${partNumber(values.part)}.${ext}`;
          if (values.rotated || values.part > 1) expect(file.name.endsWith(number)).toBe(true);
        }
        expect(fileName(values, rules, ext)).toEqual(file);
        expect(libraryKey(values, rules, file.name, ext)).toEqual(key);
      }),
      RUNS,
    );
  });

  it('never leave their folder: as many folders as the template has, or fewer', () => {
    fc.assert(
      fc.property(anyValues, checkedRules, (values, rules) => {
        const key = libraryKey(values, rules, fileName(values, rules, 'mp4').name, 'mp4').name;
        expect(key.split('/').length).toBeLessThanOrEqual(rules.libraryKeyTemplate.split('/').length);
      }),
      RUNS,
    );
  });

  it('have room for what is known only later: the library file name is the landing one, resolved', () => {
    fc.assert(
      fc.property(anyValues, checkedRules, (values, anyOf) => {
        const rules: NameRules = { ...anyOf, libraryKeyTemplate: 'r/{fileName}', keyMaxBytes: 1024 };
        const all = { ...VALUES, ...values, endTimeMs: 1, endTimeMillis: 2, durationMs: 3 };
        const landing = fileName(all, rules, 'mp4');
        const resolved = landing.name
          .replaceAll('{endTime}', '1')
          .replaceAll('{endTimeMillis}', '2')
          .replaceAll('{duration}', '3');
        const key = libraryKey(all, rules, landing.name, 'mp4');
        const unmarked = (name: string): string => name.replace(/-z[0-9a-v]{8}(?=(_[a-m]?\d+)?\.mp4$)/, '');
        expect(unmarked(key.name)).toBe(`r/${unmarked(resolved)}`);
        const foreign = libraryKey(
          all,
          { ...rules, fileTemplate: 'x{recordingId}', policy: 'template' },
          landing.name,
          'mp4',
        );
        expect(unmarked(foreign.name)).toBe(`r/${unmarked(resolved)}`);
      }),
      RUNS,
    );
  });

  it('are trimmed between grapheme clusters, and say so', () => {
    fc.assert(
      fc.property(anyText(400), fc.integer({ min: 64, max: 255 }), (streamName, fileNameMaxBytes) => {
        const rules = { ...DEFAULT, policy: 'streamName', fileNameMaxBytes } as const;
        const result = fileName({ ...VALUES, streamName }, rules, 'mp4');
        // A value that looks like a hashed name gets a hash of its own, for which there may be no room.
        const isLookalike = /-z[0-9a-v]{8}\.mp4$/.test(result.whole);
        // `aws s3 cp` needs nine bytes more where a character is not a byte.
        const isAscii = bytes(result.whole) === result.whole.length;
        // And the number of a part that may follow, with any extension: `_d1000000.webm` in place of `.mp4`.
        const maxBytes = (isAscii ? fileNameMaxBytes : Math.min(fileNameMaxBytes, 246)) - 10;
        if (!isLookalike) expect(result.trimmed).toBe(bytes(result.whole) > maxBytes);
        if (!result.trimmed) return;
        const normal = streamName.toWellFormed().normalize('NFC');
        const kept = decodeName(result.name.replace(/-z[0-9a-v]{8}\.mp4$/, ''));
        const boundaries = [...new Intl.Segmenter('en').segment(normal)].map(({ index }) => index);
        expect(normal.startsWith(kept)).toBe(true);
        expect(boundaries).toContain(kept.length);
        expect(result.trimmedElements).toMatchObject([{ element: 'streamName', why: 'limit' }]);
      }),
      {
        ...RUNS,
        examples: [
          ['é'.repeat(119), 248],
          ['é'.repeat(117), 248],
        ],
      },
    );
  });

  it('can be decoded again', () => {
    fc.assert(
      fc.property(anyText(300), (value) => {
        expect(decodeName(encodeName(value))).toBe(value.toWellFormed().normalize('NFC'));
      }),
      { numRuns: 500 },
    );
  });

  it('of 100 KB are as quick and as right', () => {
    for (const unit of ['x', 'é', '👨‍👩‍👧‍👦', 'a\u0301\u0302', '/', '\ud800', '\u0301', '-', 'ﷺ']) {
      const streamName = unit.repeat(Math.ceil(100_000 / unit.length));
      const rules = { ...DEFAULT, fileTemplate: '{streamName}-{startTime}-{endTime}' };
      const file = fileName({ ...VALUES, streamName }, rules, 'mp4');
      expectSafeName(file.name, 255);
      expect(file.name).toContain('-1767323046000-{endTime}-z');
    }
  });

  it('of the parts of a recording have one stem, and sort as the parts do', () => {
    const templates = /^(?!.*([tT]ime|duration|part))/;
    const template = fc.constantFrom(...FILE_TEMPLATES.filter((one) => templates.test(one)));
    const number = fc.oneof(
      ...[12, 999, 9_999, 9_999_999].map((max) => fc.integer({ min: Math.ceil(max / 13), max })),
    );
    fc.assert(
      fc.property(
        ...([anyValues, anyRules, template, fc.integer({ min: 64, max: 255 })] as const),
        ...([
          fc.uniqueArray(number, { minLength: 2, maxLength: 4 }),
          fc.array(extension, { minLength: 4 }),
        ] as const),
        (values, anyOf, fileTemplate, fileNameMaxBytes, numbers, extensions) => {
          const libraryKeyTemplate = 'stream_records/{fileName}';
          const rules = {
            ...anyOf,
            policy: 'template',
            fileTemplate,
            fileNameMaxBytes,
            libraryKeyTemplate,
          } as const;
          const parts = numbers.toSorted((one, other) => one - other);
          const places = parts.map((part) => ({ ...values, part }));
          const keys = places.map((place, index) => {
            const ext = extensions[index] ?? '';
            return libraryKey(place, { ...rules, keyMaxBytes: 1024 }, fileName(place, rules, ext).name, ext)
              .name;
          });
          const others = keys.map((key, index) => collisionKey(key, places[index] ?? values, rules));
          for (const names of [keys, others]) {
            const rotated = values.rotated || names === others;
            const stems = names.map(
              (name, index) => sharedPieces(name, { rotated, part: parts[index] ?? 0 }).stem,
            );
            expect(new Set(stems).size).toBe(1);
            expect(
              names.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))),
            ).toEqual(names);
          }
        },
      ),
      RUNS,
    );
  });

  it('have another key for a collision, within the same limits and for this record only', () => {
    fc.assert(
      fc.property(anyValues, checkedRules, extension, (values, rules, ext) => {
        const key = libraryKey(values, rules, fileName(values, rules, ext).name, ext).name;
        const other = collisionKey(key, values, rules);
        expect(other).not.toBe(key);
        expect(bytes(other)).toBeLessThanOrEqual(rules.keyMaxBytes);
        for (const segment of other.split('/')) expectSafeName(segment, rules.fileNameMaxBytes);
        const number = partNumber(values.part);
        expect(other.endsWith(`-${values.recordingId}_${number}.${ext}`)).toBe(true);
        expect(collisionKey(key, values, rules)).toBe(other);
        expect(collisionKey(key, { ...values, recordingId: '01BX5ZZKBKACTAV9WEVGEMMVS0' }, rules)).not.toBe(
          other,
        );
      }),
      RUNS,
    );
  });
});

const DEFAULT: NameRules = {
  policy: 'template',
  fileTemplate: '{streamName}',
  libraryKeyTemplate: 'stream_records/{fileName}',
  encoding: 'percent',
  fileNameMaxBytes: 255,
  keyMaxBytes: 1024,
};
