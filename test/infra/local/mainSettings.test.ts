import { describe, expect, it } from 'vitest';
import { START_TIME_FILE_TEMPLATE } from '../../../functions/core/names/index.ts';
import { readSettings } from '../../../infra/local/mainSettings.ts';

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
