import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../infra/local/mainSettings.ts';
import { migrateCli } from '../../../infra/migrate.ts';
import { type Migration, migrate } from '../../../infra/migration/migration.ts';

const FIXTURES = path.join(import.meta.dirname, 'fixtures');
const read = (file: string): string => readFileSync(path.join(FIXTURES, file), 'utf8');
const MB = 1024 * 1024;

/** What each file becomes; lines to look at, with a word of why. */
const FILES: Readonly<Record<string, Partial<Migration> & { readonly lookAt?: Record<number, RegExp> }>> = {
  'wcs5-default': {
    recordingDefaults: {
      names: { policy: 'template', fileTemplate: 'stream-{sessionId}-{mediaSessionId}' },
    },
    hooks: { recordStreams: true },
    others: 7,
  },
  'stream-name-and-hook': {
    recordingDefaults: { names: { policy: 'streamName', encoding: 'percent' }, audioSampleRateHz: 48_000 },
    hooks: { recordStreams: true },
    onRecordScript: '/opt/on_record.sh',
    others: 1,
  },
  'rotation-by-size': {
    recordingDefaults: {
      names: { fileTemplate: '{streamName}-{startTime}-{endTime}-{duration}' },
      rotation: { kind: 'size', everyBytes: 20 * MB },
    },
    hooks: { recordKinds: { rtmp: 'always', rtsp: 'always' } },
  },
  'matroska-and-mixers': {
    recordingDefaults: {
      formats: { h264: 'mkv', vp8: 'mkv' },
      rotation: { kind: 'time', everyMs: 3_600_000 },
    },
    hooks: { recordKinds: { mixer: 'always' } },
  },
  'mpegts-has-priority': { recordingDefaults: { formats: { h264: 'ts', vp8: 'mkv' } } },
  conference: {
    recordingDefaults: { rotation: { kind: 'none' } },
    onRecordScript: '/usr/local/FlashphonerWebCallServer/bin/on_record_hook.sh',
  },
  'edited-by-hand': {
    recordingDefaults: {
      rotation: { kind: 'time', everyMs: 1_200_000 },
      names: { fileTemplate: 'cam-{streamName}-{startTimeMillis}' },
    },
    hooks: { recordStreams: true },
    onRecordScript: '/opt/café/on record.sh',
    lookAt: { 4: /line 8 sets it again/ },
    broken: [
      { line: 9, text: 'record_formats =', why: 'there is no value' },
      { line: 10, text: '=mp4', why: 'there is no name before the value' },
      { line: 11, text: 'record_dir=C:\\u00zz', why: '\\u must be followed by four hexadecimal digits' },
    ],
  },
  'switched-off': {
    hooks: { recordStreams: false },
    lookAt: {
      2: /neither true nor false/,
      3: /from 8000 to 96000 Hz/,
      4: /seconds, such as 3600, or megabytes/,
      5: /streamName or template/,
      6: /nearest known one is \{streamName\}/,
      7: /always encoded/,
      8: /no stream registers itself/,
    },
  },
  'newer-than-known': {
    recordingDefaults: { formats: { vp8: 'webm' } },
    lookAt: {
      2: /h264 is not recorded to webm: use mp4 or ts or mkv; .*h265/,
      3: /not known here/,
      4: /not known here/,
    },
    others: 1,
  },
};

describe('npm run migrate', () => {
  it('has an expectation for every file', () => {
    const files = readdirSync(FIXTURES).filter((file) => file.endsWith('.properties'));
    expect(files.map((file) => path.parse(file).name).sort()).toEqual(Object.keys(FILES).sort());
    expect(files.length).toBeGreaterThanOrEqual(8);
  });

  it.each(Object.entries(FILES))('of %s.properties', (name, { lookAt = {}, ...expected }) => {
    const { exitCode, output } = migrateCli([`${name}.properties`, '--json'], read);
    expect(exitCode).toBe(0);
    const { properties, ...found } = JSON.parse(output) as Migration;
    expect(found).toEqual({ recordingDefaults: {}, hooks: {}, broken: [], others: 0, ...expected });
    const told = properties.flatMap(({ line, attention }) =>
      attention === undefined ? [] : [[line, attention]],
    );
    expect(Object.fromEntries(told)).toEqual(
      Object.fromEntries(Object.entries(lookAt).map(([line, why]) => [line, expect.stringMatching(why)])),
    );
  });

  it.each(Object.keys(FILES))(
    'prints for %s.properties what `npm start` takes, as a shell reads it',
    (name) => {
      const { output } = migrateCli([`${name}.properties`], read);
      const command = /\n(RECORDING_DEFAULTS=[\s\S]*?)npm start\n/.exec(output)?.[1] ?? '';
      const env = JSON.parse(
        execFileSync('sh', ['-c', `${command}"$NODE" -p 'JSON.stringify(process.env)'`], {
          env: { NODE: process.execPath },
          encoding: 'utf8',
        }),
      ) as Record<string, string | undefined>;
      const hooks = JSON.parse(env.STREAM_HOOKS ?? '') as { secretsSha256: string[] };
      // It is the reader's own to fill in, and refused until then.
      expect(() => readSettings({ STREAM_HOOKS: env.STREAM_HOOKS })).toThrow(/secretsSha256/);
      const filled = JSON.stringify({ ...hooks, secretsSha256: ['0'.repeat(64)] });
      const settings = readSettings({ RECORDING_DEFAULTS: env.RECORDING_DEFAULTS, STREAM_HOOKS: filled });
      const { recordingDefaults, onRecordScript } = migrate(read(`${name}.properties`));
      // Names as WCS has them, where its file says nothing of them.
      const names = { fileTemplate: 'stream-{mediaSessionId}-{login}' };
      expect(JSON.parse(settings.recordingDefaults)).toEqual({ names, ...recordingDefaults });
      expect(env.ON_RECORD_HOOK).toBe(onRecordScript);
    },
  );

  it('prints a table, what could not be read, and what to set in WCS', () => {
    const { output } = migrateCli(['edited-by-hand.properties'], read);
    expect(output).toMatch(/^4 +record_rotation +600 +nothing +! line 8 sets it again, and counts$/m);
    expect(output).toMatch(/^8 +record_rotation +1200 +rotation: every 1200 s$/m);
    expect(output).toContain('line 9 cannot be read, there is no value: record_formats =');
    expect(output).toContain('4 lines are to look at; 0 other properties are no matter of recording.');
    expect(output).toContain('update app defaultApp YOUR-API-URL/hooks/YOUR-SECRET/wcs');
    expect(output).toContain('rotation: {\n      kind: "time",\n      everyMs: 1200000\n    }');
  });

  it('looks through an on-record script', () => {
    const { output } = migrateCli(['conference.properties', '--hook', 'on_record_hook.sh'], read);
    expect(output).toContain("ON_RECORD_HOOK='on_record_hook.sh'");
    expect(output).toContain('  onRecordScript: "on_record_hook.sh",');
    for (const [line, word] of [
      [5, /WCS folder/],
      [6, /below stream_records/],
      [9, /sudo is not needed/],
      [10, /not in Lambda's image/],
    ] as const) {
      expect(output.split('\n')).toContainEqual(
        expect.stringMatching(new RegExp(`^line ${line}, .*${word.source}`)),
      );
    }
    expect(output).not.toMatch(/^line 8,/m);
  });

  it.each([
    [[], 2, /usage/],
    [['a', 'b'], 2, /usage/],
    [['--nothing'], 2, /usage/],
    [['--help'], 0, /usage/],
    [['none.properties'], 1, /none\.properties/],
    [['conference.properties', '--hook', 'none.sh'], 1, /none\.sh/],
  ])('with %j ends with %d', (args, exitCode, text) => {
    const result = migrateCli(args, read);
    expect(result.exitCode).toBe(exitCode);
    expect(result.output).toMatch(text);
  });

  it('passes over no line, whatever is in the file', () => {
    const name = fc.constantFrom(
      'record_streams',
      'record_rotation',
      'record_x',
      'ip',
      'stream_record_policy_template',
    );
    const value = fc.oneof(
      fc.constantFrom('true', '20M', '{streamName}', '{x}', ''),
      fc.string({ maxLength: 20 }),
    );
    const line = fc
      .tuple(name, fc.constantFrom('=', ' = ', ':', ' '), value)
      .map((pieces) => pieces.join(''))
      .filter((text) => !/[\r\n\\]/.test(text));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const { properties, broken, others } = migrate(lines.join('\n'));
        expect(properties.length + broken.length + others).toBe(lines.length);
      }),
    );
  });
});
