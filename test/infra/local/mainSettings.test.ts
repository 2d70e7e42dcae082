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
