import { describe, expect, it } from 'vitest';
import { previewedNames } from '../../../../functions/core/api/previewedNames.ts';
import { namedByStart, settingsOf } from '../../../../functions/core/api/recordingConfig.ts';
import { previewNameBody, startRecordingBody } from '../../../../functions/core/api/schemas.ts';
import { parseInput } from '../../../../functions/core/api/validation.ts';
import { previewName, START_TIME_FILE_TEMPLATE } from '../../../../functions/core/names/index.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';

const LIMITS = { maxConcurrentRecordings: 10, maxDurationMs: 10_000_000 };
const settings = (config: unknown) =>
  settingsOf(
    parseInput(startRecordingBody, { mediaSessionId: 'm1', config }).config ?? {},
    DEFAULT_SETTINGS,
    LIMITS,
  );

describe('config', () => {
  it.each([
    [{}, {}],
    [{ rotation: 3600 }, { rotation: { kind: 'time', everyMs: 3_600_000 } }],
    [{ rotation: '60' }, { rotation: { kind: 'time', everyMs: 60_000 } }],
    [{ rotation: '20M' }, { rotation: { kind: 'size', everyBytes: 20 * 1024 * 1024 } }],
    [{ rotation: 0 }, { rotation: { kind: 'none' } }],
    [{ rotation: '0' }, { rotation: { kind: 'none' } }],
    [{ maxDuration: 90 }, { maxDurationMs: 90_000 }],
    [{ maxBytes: 20_000_000 }, { maxBytes: 20_000_000 }],
    [{ idleTimeout: 20 }, { idleTimeoutMs: 20_000 }],
    [{ reconnectWindow: 0 }, { reconnectWindowMs: 0 }],
    [{ reconnectWindow: 300 }, { reconnectWindowMs: 300_000 }],
    [{ sha256: true }, { sha256: true }],
    [{ rtspTransport: 'udp' }, { rtspTransport: 'udp' }],
    [{ audioSampleRate: 48_000 }, { audioSampleRateHz: 48_000 }],
    [{ format: 'h264-mkv' }, { formats: { h264: 'mkv', vp8: 'webm' } }],
    [{ format: 'h264-ts,vp8-mkv' }, { formats: { h264: 'ts', vp8: 'mkv' } }],
    [
      { fileTemplate: '{streamName}-{startTime}-{endTime}' },
      { names: { policy: 'template', fileTemplate: '{streamName}-{startTime}-{endTime}' } },
    ],
    [{ libraryKey: 'a/{streamName}' }, { names: { libraryKeyTemplate: 'a/{streamName}' } }],
    [{ tags: { team: 'news', 'cost centre': '7' } }, { tags: { team: 'news', 'cost centre': '7' } }],
  ])('%j', (config, changed) => {
    const result = settings(config);
    expect(result).toMatchObject(changed);
    const untouched = Object.keys(DEFAULT_SETTINGS).filter((key) => !(key in changed));
    for (const key of untouched) {
      expect(result[key as keyof typeof result]).toEqual(
        DEFAULT_SETTINGS[key as keyof typeof DEFAULT_SETTINGS],
      );
    }
  });

  it.each([
    [{ rotation: '20K' }, 'rotation', 'must be seconds, such as 3600, or megabytes, such as "20M"'],
    [{ rotation: -1 }, 'rotation', 'at least 0'],
    [{ rotation: 1.5 }, 'rotation', ''],
    [{ rotation: '0M' }, 'rotation', 'must be seconds'],
    [{ rotation: true }, 'rotation', 'has none of the forms'],
    [{ maxDuration: 0 }, 'maxDuration', 'must be at least'],
    [{ maxDuration: '60' }, 'maxDuration', 'must be a number'],
    [{ maxDuration: 10_001 }, 'maxDuration', 'must be at most 10000 seconds, the limit of this deployment'],
    [{ maxBytes: 0 }, 'maxBytes', 'must be at least'],
    [{ maxBytes: '20M' }, 'maxBytes', 'must be a number'],
    [{ idleTimeout: 0 }, 'idleTimeout', 'at least 1'],
    [{ idleTimeout: 301 }, 'idleTimeout', 'at most 300'],
    [{ reconnectWindow: -1 }, 'reconnectWindow', 'at least 0'],
    [{ reconnectWindow: 301 }, 'reconnectWindow', 'at most 300'],
    [{ rtspTransport: 'http' }, 'rtspTransport', 'tcp'],
    [{ audioSampleRate: 7_999 }, 'audioSampleRate', 'at least 8000'],
    [{ audioSampleRate: 96_001 }, 'audioSampleRate', 'at most 96000'],
    [{ format: 'h264-webm' }, 'format', 'config.format: h264 is not recorded to webm: use mp4 or ts or mkv'],
    [{ format: 'h264' }, 'format', 'must be codecs and containers'],
    [{ format: 'h264-avi' }, 'format', 'must be codecs and containers'],
    [{ format: '__proto__-mp4' }, 'format', 'must be codecs and containers'],
    [{ format: 'constructor-mp4' }, 'format', 'constructor'],
    [{ fileTemplate: '{streamNam}' }, 'fileTemplate', 'unknown element {streamNam}'],
    [{ fileTemplate: 'plain' }, 'fileTemplate', 'position 1'],
    [{ fileTemplate: '' }, 'fileTemplate', 'must not be empty'],
    [{ fileTemplate: 'x'.repeat(5000) }, 'fileTemplate', 'at most 4096'],
    [{ libraryKey: '../{fileName}' }, 'libraryKey', 'position'],
    [{ tags: { 'aws:x': '1' } }, 'tags', 'must have no tag that begins with aws:'],
    [{ tags: { a: '<>' } }, 'tags.a', 'characters that a tag may not have'],
    [{ tags: { '<>': 'a' } }, 'tags.<>', 'characters that a tag may not have'],
    [
      { tags: Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`t${i}`, '1'])) },
      'tags',
      'must have at most 10 tags',
    ],
    [{ colour: 'red' }, 'colour', 'is not known'],
    ['20M', '', 'must be an object'],
  ])('%j is refused by name', (config, field, rule) => {
    expect(() => settings(config)).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        status: 400,
        field: field === '' ? 'config' : `config.${field}`,
        message: expect.stringContaining(rule),
      }),
    );
  });
});

describe('names of those who do not come from WCS', () => {
  const { names } = DEFAULT_SETTINGS;
  it('have stream and start, unless the deployment says another template or policy', () => {
    expect(namedByStart(DEFAULT_SETTINGS).names).toEqual({
      ...names,
      fileTemplate: START_TIME_FILE_TEMPLATE,
    });
    for (const own of [{ fileTemplate: '{streamName}' }, { policy: 'streamName' as const }]) {
      const settings = { ...DEFAULT_SETTINGS, names: { ...names, ...own } };
      expect(namedByStart(settings)).toBe(settings);
    }
  });

  it('are previewed as a start of that kind gives them', () => {
    const values = { streamName: 'cam', mediaSessionId: 'm', startTimeMs: Date.UTC(2026, 6, 1, 12, 34, 56) };
    const named = (body: object, defaults = DEFAULT_SETTINGS) =>
      previewedNames(parseInput(previewNameBody, { ...values, ...body }), defaults, LIMITS).fileName;
    expect(named({})).toBe('cam-20260701T123456Z.mp4');
    expect(named({ start: 'startRecording' })).toBe('stream-m.mp4');
    const own = { ...DEFAULT_SETTINGS, names: { ...names, fileTemplate: 'own-{streamName}' } };
    for (const start of ['recordings', 'startRecording']) {
      expect(named({ start }, own)).toBe('own-cam.mp4');
      expect(named({ start, config: { fileTemplate: '{streamName}' } }, own)).toBe('cam.mp4');
    }
  });

  it('sort with their parts in order, and are not those of another start', () => {
    const start = Date.UTC(2026, 6, 1, 12, 34, 56);
    const named = (part: number, rotated: boolean, startedMs = start) =>
      previewName({
        streamName: 'cam',
        part,
        rotated,
        startTimeMs: startedMs,
        recordingStartedAtMs: startedMs,
        rules: namedByStart(DEFAULT_SETTINGS).names,
      }).fileName;
    const plain = [named(1, false), named(2, false), named(10, false)];
    expect(plain).toEqual(['', '_002', '_010'].map((number) => `cam-20260701T123456Z${number}.mp4`));
    expect([...plain].sort()).toEqual(plain);
    expect(named(1, true, start + 1_000)).toBe('cam-20260701T123457Z_001.mp4');
  });
});
