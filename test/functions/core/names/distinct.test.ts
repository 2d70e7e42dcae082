import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_NAME_RULES,
  fileName,
  libraryKey,
  type NameRules,
  type NameValues,
} from '../../../../functions/core/names/index.ts';
import { anyText, FILE_TEMPLATES, LIBRARY_TEMPLATES, VALUES } from './arbitraries.ts';

const normal = (text: string | undefined): string => (text ?? '').toWellFormed().normalize('NFC');

/** What two records must differ in for their names to differ: the values that the template names. */
function identity(values: NameValues, template: string): string {
  const named: Record<string, string | number | undefined> = {
    streamName: normal(values.streamName),
    login: normal(values.login),
    appKey: normal(values.appKey),
    sessionId: (values.sessionId ?? '').toWellFormed(),
    mediaSessionId: normal(values.mediaSessionId),
    duration: values.durationMs,
    endTimeMillis: values.endTimeMillis,
  };
  return JSON.stringify(Object.entries(named).filter(([element]) => template.includes(`{${element}}`)));
}

function expectDistinct(
  all: readonly NameValues[],
  template: string,
  nameOf: (values: NameValues) => string,
): void {
  const byName = new Map<string, { identity: string; values: NameValues }>();
  for (const values of all) {
    const name = nameOf(values);
    const found = { identity: identity(values, template), values };
    const other = byName.get(name);
    if (other !== undefined && other.identity !== found.identity)
      expect({ name, other }).toEqual({ name, found });
    byName.set(name, found);
  }
}

/** Every text of up to `length` of the given pieces. */
function textsOf(pieces: readonly string[], length: number): string[] {
  if (length === 0) return [''];
  const shorter = textsOf(pieces, length - 1);
  return [...new Set([...shorter, ...shorter.flatMap((text) => pieces.map((piece) => text + piece))])];
}

describe('different values', () => {
  it.each(FILE_TEMPLATES)(
    'never give the same file name: every short text of separators, %s',
    (fileTemplate) => {
      const rules: NameRules = { ...DEFAULT_NAME_RULES, fileTemplate };
      const all = textsOf(['a', '-', '.', '1'], 3).flatMap((one) =>
        textsOf(['a', '-', '1'], 2).map((two) => ({
          ...VALUES,
          streamName: one,
          mediaSessionId: one,
          login: two,
          appKey: one.slice(1) + two,
          sessionId: two,
        })),
      );
      expectDistinct(all, fileTemplate, (values) => fileName(values, rules, 'mp4').name);
    },
  );

  it.each(LIBRARY_TEMPLATES)('never give the same key: %s', (libraryKeyTemplate) => {
    for (const fileTemplate of [
      '{streamName}_{login}',
      '{endTimeMillis}{duration}{streamName}',
      '{streamName}',
    ]) {
      const rules: NameRules = { ...DEFAULT_NAME_RULES, fileTemplate, libraryKeyTemplate };
      const all = textsOf(['a', '_', '/', '1'], 2).flatMap((one) =>
        textsOf(['a', '_', '-'], 2).flatMap((two) =>
          [1, 11].map((ms) => ({
            ...VALUES,
            streamName: one,
            login: two,
            appKey: two,
            durationMs: ms,
            endTimeMillis: 12 - ms,
          })),
        ),
      );
      const template = libraryKeyTemplate.replace('{fileName}', fileTemplate);
      expectDistinct(all, template, (values) => {
        const landing = fileName(values, rules, 'mp4').name;
        return libraryKey(values, rules, landing, 'mp4').name;
      });
    }
  });

  it('never give the same name, trimmed or not: values that differ in one place, any Unicode, any length', () => {
    const field = fc.constantFrom('streamName', 'login', 'appKey', 'sessionId', 'mediaSessionId');
    const pair = fc.record({ before: anyText(200), one: anyText(5), other: anyText(5), after: anyText(200) });
    fc.assert(
      fc.property(
        fc.constantFrom(...FILE_TEMPLATES),
        fc.integer({ min: 150, max: 255 }),
        field,
        pair,
        anyText(40),
        (fileTemplate, fileNameMaxBytes, changed, { before, one, other, after }, rest) => {
          const rules: NameRules = { ...DEFAULT_NAME_RULES, fileTemplate, fileNameMaxBytes };
          const base: NameValues = { ...VALUES, streamName: rest, login: rest, appKey: rest };
          const all = [one, other].map((middle) => ({ ...base, [changed]: before + middle + after }));
          expectDistinct(all, fileTemplate, (values) => fileName(values, rules, 'mp4').name);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('never give the same name by moving text from one element to its neighbour, or by looking like a hash', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FILE_TEMPLATES),
        fc.array(anyText(20), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 0, max: 6 }),
        (fileTemplate, texts, oneCut, otherCut) => {
          const rules: NameRules = { ...DEFAULT_NAME_RULES, fileTemplate };
          const split = (at: number): NameValues => ({
            ...VALUES,
            login: texts.slice(0, at).join('-'),
            appKey: texts.slice(at).join('-'),
            streamName: texts.slice(at).join('-'),
          });
          const first = split(oneCut);
          const stem = fileName(first, rules, 'mp4').name.slice(0, -'.mp4'.length);
          const all = [first, split(otherCut), { ...VALUES, streamName: stem }];
          expectDistinct(all, fileTemplate, (values) => fileName(values, rules, 'mp4').name);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('leave usual names without a hash', () => {
    const names = [
      { streamName: 'my-stream', login: 'alice' },
      { streamName: 'my-stream', login: 'user-1', mediaSessionId: '5a072377-73c1-4caf-abd3' },
      { streamName: 'my-stream', mediaSessionId: '5a072377-73c1-4caf-abd3' },
      {
        streamName: 'cam_001',
        login: 'bob',
        appKey: 'live',
        sessionId: '/192.168.1.102:34500/192.168.1.101:8080',
      },
    ].flatMap((given) =>
      [
        'stream-{mediaSessionId}-{login}',
        '{streamName}',
        '{streamName}-{startTime}-{endTime}',
        '{streamName}_{yyyy}-{MM}-{dd}',
        '{recordingId}-{streamName}',
        ...('login' in given ? ['{streamName}-{mediaSessionId}-{login}'] : []),
        ...('appKey' in given
          ? ['{login}-{streamName}', '{streamName}-{login}', 'stream-{sessionId}-{mediaSessionId}']
          : []),
      ].map((fileTemplate) =>
        fileName({ ...VALUES, ...given }, { ...DEFAULT_NAME_RULES, fileTemplate }, 'mp4'),
      ),
    );
    expect(names.filter((name) => name.hashed !== undefined)).toEqual([]);
  });

  it.each([
    ['{streamName}-{login}-{startTime}', 'cam1-1767323046000.mp4'],
    ['{login}_{streamName}', 'cam1.mp4'],
    ['{streamName}-{login}_{yyyy}', 'cam1-2026.mp4'],
    ['{streamName}-{login}', 'cam1.mp4'],
  ])('leave out what has no value, and need no hash for that: %s', (fileTemplate, name) => {
    const values = { ...VALUES, streamName: 'cam1' };
    expect(fileName(values, { ...DEFAULT_NAME_RULES, fileTemplate }, 'mp4')).toMatchObject({ name });
  });
});
