import fc from 'fast-check';
import {
  DEFAULT_NAME_RULES,
  type NameRules,
  type NameValues,
} from '../../../../functions/core/names/index.ts';
import { CODE_POINT } from '../../../support/codePoint.ts';

export const VALUES: NameValues = {
  streamName: 'stream1',
  mediaSessionId: '4f112b20-13d0-11e7-b521-59a9cb7eddeb',
  recordingId: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  part: 1,
  rotated: false,
  recordingStartedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  startTimeMs: 1767323046000,
  startTimeMillis: 1767323045900,
  endTimeMs: 1767323106000,
  endTimeMillis: 1767323106100,
  durationMs: 60_000,
};

/** Code units that names break on: surrogates alone and in pairs, marks, joiners, directions, controls, dots. */
const nastyUnit = fc.constantFrom(
  ...'aZ0-_. /\\%{}~*?:"<>|+&@=;,^`[]#$!\'()',
  ...[
    '\u0000',
    '\n',
    '\u007f',
    '\u0085',
    '\u00a0',
    '\u200d',
    '\u202e',
    '\u2028',
    '\ufeff',
    '\ufffe',
    '\uffff',
  ],
  ...['e\u0301', '\u0301', '\u0ba8\u0bbf', 'שלום', 'مرحبا', 'ﬁ', '한', '\u1112\u1161', 'か\u3099', 'ẛ̣'],
  ...[
    '👨‍👩‍👧‍👦',
    '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
    '🇩🇪',
    '🇩',
    '👍🏽',
    '\u{1fffe}',
    '\ud83d',
    '\udc68',
  ],
  ...[
    '..',
    '...',
    'CON',
    'nul.',
    'com1',
    '{endTime}',
    '{duration}',
    '{',
    '%2F',
    '-z0123abcd',
    '_001',
    '.mp4',
  ],
);

export const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: nastyUnit, maxLength }),
    fc.string({ unit: 'grapheme', maxLength }),
    fc.string({ unit: CODE_POINT, maxLength }),
    // Any 16-bit units at all, so lone surrogates too.
    fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength })
      .map((units) => String.fromCharCode(...units)),
    fc
      .tuple(nastyUnit, fc.integer({ min: 1, max: 2 * maxLength }))
      .map(([unit, count]) => unit.repeat(count)),
  );

const ms = fc.integer({ min: 1_000_000_000_000, max: 9_999_999_999_999 });
const part = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 998, max: 1_000_001 }));

export const anyValues: fc.Arbitrary<NameValues> = fc.record(
  {
    streamName: anyText(400),
    mediaSessionId: fc.oneof(fc.uuid(), anyText(50)),
    recordingId: fc.constant(VALUES.recordingId),
    part,
    rotated: fc.boolean(),
    recordingStartedAtMs: ms,
    startTimeMs: ms,
    startTimeMillis: ms,
    endTimeMs: ms,
    endTimeMillis: ms,
    durationMs: fc.nat(),
    sessionId: anyText(80),
    login: anyText(80),
    appKey: anyText(300),
    audioCodec: fc.constantFrom('aac', 'opus', 'vorbis', ''),
    videoCodec: fc.constantFrom('h264', 'vp8', 'hevc1'),
  },
  {
    requiredKeys: ['streamName', 'mediaSessionId', 'recordingId', 'part', 'rotated', 'recordingStartedAtMs'],
  },
);

/** Templates that the check accepts, with every kind of element and separator. */
export const FILE_TEMPLATES = [
  DEFAULT_NAME_RULES.fileTemplate,
  'stream-{sessionId}-{mediaSessionId}',
  '{streamName}',
  '{streamName}-{startTime}-{endTime}',
  '{streamName}{login}',
  '{login}.{appKey}_{streamName}',
  '{streamName}-{part}-of-{login}',
  '{endTimeMillis}{duration}{streamName}',
  '.{login}..{streamName}.',
  '{yyyy}-{MM}-{dd}T{HH}.{mm}.{ss} {streamName}@{login} [{videoCodec}+{audioCodec}]',
  '{recordingId}-{mediaSessionId}-{sessionId}-{startTimeMillis}-{endTimeMillis}-{duration}-{login}',
  'com{login}',
];
export const LIBRARY_TEMPLATES = [
  DEFAULT_NAME_RULES.libraryKeyTemplate,
  '{fileName}',
  '{appKey}/{login}/{yyyy}/{MM}/{dd}/{fileName}',
  '{streamName}/{login}/{appKey}/{streamName}/{streamName}/{fileName}',
  '{streamName}/{startTime}',
  'a/{login}.{appKey}/-{streamName}-/{part}',
  '{fileName}-{duration}',
];

export const anyRules: fc.Arbitrary<NameRules> = fc.record({
  policy: fc.constantFrom('template', 'template', 'streamName'),
  fileTemplate: fc.constantFrom(...FILE_TEMPLATES),
  libraryKeyTemplate: fc.constantFrom(...LIBRARY_TEMPLATES),
  encoding: fc.constantFrom('percent', 'percent', 'underscore'),
  fileNameMaxBytes: fc.integer({ min: 64, max: 255 }),
  keyMaxBytes: fc.integer({ min: 128, max: 1024 }),
});
