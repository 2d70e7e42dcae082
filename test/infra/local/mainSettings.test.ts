import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../infra/local/mainSettings.ts';

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
