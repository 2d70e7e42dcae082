import { describe, expect, it } from 'vitest';
import { START_TIME_FILE_TEMPLATE } from '../../../functions/core/names/index.ts';
import { readSettings, SettingError, VARIABLE_OF } from '../../../infra/local/mainSettings.ts';

// How what is wrong is worded is zod's: ./main.test.ts.
it.each([
  [{ RECORDING_DEFAULTS: '{"unknown":1}' }, 'RECORDING_DEFAULTS is not valid: '],
  [
    { STREAM_HOOKS: '{"secretsSha256":["clear"]}' },
    'STREAM_HOOKS is not valid: secretsSha256.0: must be a SHA-256 in lower-case hex',
  ],
  [{ PORT: '8081x' }, 'PORT must be a port from 0 (any free one) to 65535; it is "8081x".'],
  [{ RTMP_PORT: '65536' }, 'RTMP_PORT must be a port from 0 (any free one) to 65535; it is "65536".'],
])('%j is refused', (env, message) => {
  expect(() => readSettings(env)).toThrow(SettingError);
  expect(() => readSettings(env)).toThrow(message);
});

it('of a part that is refused the variable is told that sets another one', () => {
  const settings = (part: keyof typeof VARIABLE_OF, value: string) =>
    readSettings({ [VARIABLE_OF[part] ?? '']: value });
  expect(settings('api', '1').apiPort).toBe(1);
  expect(settings('https', '2').https).toMatchObject({ port: 2, isRequired: true });
  expect(settings('rtmp', '3').rtmpPort).toBe(3);
  expect(settings('s3', '4').s3Port).toBe(4);
  expect(settings('data', '/data').dataDir).toBe('/data');
});

describe('RECORDING_DEFAULTS', () => {
  const names = (RECORDING_DEFAULTS: string) =>
    (JSON.parse(readSettings({ RECORDING_DEFAULTS }).recordingDefaults) as { names?: unknown }).names;

  it('names files after stream and start, unless it says something about names', () => {
    expect(names('{"maxBytes":1000}')).toEqual({ fileTemplate: START_TIME_FILE_TEMPLATE });
    expect(names('{"names":{"policy":"streamName"}}')).toEqual({ policy: 'streamName' });
  });
});

describe('RECORDING_LIMITS', () => {
  it.each([
    [{ RECORDING_LIMITS: '{"maxRecordings":1}' }, 'RECORDING_LIMITS is not valid: '],
    [{ RECORDING_LIMITS: '{"maxConcurrentRecordings":0}' }, 'maxConcurrentRecordings'],
    [
      { RECORDING_LIMITS: '{"maxDurationMs":1000}', RECORDING_DEFAULTS: '{"maxDurationMs":1001}' },
      'RECORDING_LIMITS is not valid: maxDurationMs must be at most 1 seconds',
    ],
  ])('%j is refused', (env, message) => {
    expect(() => readSettings(env)).toThrow(message);
  });

  it('may be given in part', () => {
    const env = { RECORDING_LIMITS: '{"maxConcurrentRecordings":3}' };
    expect(readSettings(env)).toMatchObject({ recordingLimits: env.RECORDING_LIMITS });
  });
});

describe('CORS_ORIGINS', () => {
  it('are origins, separated by commas', () => {
    expect(readSettings({}).corsOrigins).toEqual([]);
    expect(readSettings({ CORS_ORIGINS: 'https://a.example, http://localhost:3000' }).corsOrigins).toEqual([
      'https://a.example',
      'http://localhost:3000',
    ]);
    expect(readSettings({ CORS_ORIGINS: '*' }).corsOrigins).toEqual(['*']);
  });

  it.each(['a.example', 'https://a.example/', 'https://a.example/page', 'https://A.example'])(
    '%s is refused',
    (CORS_ORIGINS) => {
      expect(() => readSettings({ CORS_ORIGINS })).toThrow(`CORS_ORIGINS must be origins`);
    },
  );
});
