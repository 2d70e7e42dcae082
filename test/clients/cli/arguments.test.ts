import { describe, expect, it } from 'vitest';
import { readArguments, UsageError } from '../../../clients/cli/arguments.ts';

describe('the command line', () => {
  it('asks the local API, as nobody, by default', () => {
    expect(readArguments(['ls'], {})).toMatchObject({
      command: 'ls',
      api: 'http://127.0.0.1:8081',
      authorization: { kind: 'none' },
      limit: 20,
      json: false,
    });
  });

  it('takes address and credentials from options before the environment', () => {
    const env = {
      STREAM_RECORDER_API: 'https://api.example/',
      STREAM_RECORDER_TOKEN: 't',
      AWS_REGION: 'eu-west-1',
    };
    expect(readArguments(['watch', 'ID'], env)).toMatchObject({
      api: 'https://api.example',
      authorization: { kind: 'header', value: 'Bearer t' },
    });
    expect(readArguments(['watch', 'ID', '--sigv4'], env)).toMatchObject({
      authorization: { kind: 'sigv4', region: 'eu-west-1' },
    });
    expect(
      readArguments(['ls', '--stack', 'Mine', '--region', 'eu-north-1'], { AWS_REGION: 'x' }),
    ).toMatchObject({
      api: { stack: 'Mine', region: 'eu-north-1' },
      authorization: { kind: 'sigv4', region: 'eu-north-1' },
    });
    expect(readArguments(['ls', '--stack', 'Mine', '--token', 't'], { AWS_REGION: 'x' })).toMatchObject({
      authorization: { kind: 'header', value: 'Bearer t' },
    });
    expect(readArguments(['watch', 'ID', '--basic', 'ü:p:w'], {})).toMatchObject({
      authorization: { kind: 'header', value: `Basic ${Buffer.from('ü:p:w').toString('base64')}` },
    });
  });

  it('takes the times of a clip as people write them, of the recording or of the clock', () => {
    const clip = (from: string, to: string) => {
      const { from: fromMs, to: toMs } = readArguments(['clip', 'ID', '--from', from, '--to', to], {}) ?? {};
      return [fromMs, toMs];
    };
    expect(clip('90', '1:30.25')).toEqual([90_000, 90_250]);
    expect(clip('0', '10:02:03.004')).toEqual([0, 36_123_004]);
    expect(clip('0.1', '2026-11-28T10:00:00Z')).toEqual([100, '2026-11-28T10:00:00Z']);
  });

  it.each([
    [['clip', 'ID', '--to', '5'], 'clip needs --from.'],
    [['clip', 'ID', '--from', '5'], 'clip needs --to.'],
    [['clip', 'ID', '--from', '-5', '--to', '9'], '--from'],
    [['clip', 'ID', '--from', '1h', '--to', '9'], '--from must be a time'],
    [['merge', 'ROOM', '--layout', 'cinema'], '--layout must be one of tracks, grid, audio.'],
    [[], 'A command is missing.'],
    [['erase'], 'There is no command erase.'],
    [['watch'], 'watch needs to know which.'],
    [['stop', 'A', 'B'], 'B is too much for stop.'],
    [['ls', '--limit', 'x'], '--limit must be a whole number'],
    [['ls', '--api', 'ftp://x'], '--api must be an http(s) URL.'],
    [['ls', '--sigv4'], '--sigv4 needs --region'],
    [['ls', '--stack', 'Mine'], '--stack needs --region'],
    [['ls', '--stack', 'Mine', '--api', 'http://x'], '--stack finds --api'],
    [['ls', '--basic', 'nobody'], '--basic must be USER:PASSWORD.'],
    [['ls', '--colour'], '--colour'],
  ])('refuses %j with the reason', (args, reason) => {
    expect(() => readArguments(args, {})).toThrow(UsageError);
    expect(() => readArguments(args, {})).toThrow(reason);
  });

  it('answers with help where it is asked', () => {
    expect(readArguments(['--help'], {})).toBeUndefined();
  });
});
