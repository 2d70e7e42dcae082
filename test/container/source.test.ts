import { describe, expect, it } from 'vitest';
import { ffmpegArguments } from '../../container/source/ffmpegArguments.ts';
import type { Input, InputSettings } from '../../container/source/inputOptions.ts';
import { InputStreams } from '../../container/source/inputStreams.ts';
import { ParameterChanges } from '../../container/source/parameterChanges.ts';
import { openingFailure } from '../../container/source/sourceErrors.ts';
import { DEFAULT_SETTINGS } from '../../functions/core/settings.ts';

const COPY = { format: 'mp4', audio: 'copy' } as const;
const input = (url: string, settings: Partial<InputSettings> = {}, rejoins = false): Input => ({
  url,
  settings: { ...DEFAULT_SETTINGS, ...settings },
  rejoins,
});

describe('ffmpegArguments', () => {
  it.each([
    ['rtmp://host/live/key', 'rtmp,tcp'],
    ['rtsp://host/cam', 'rtsp,rtp,udp,tcp'],
    ['srt://host:9000', 'srt,udp'],
    ['https://host/list.m3u8', 'http,https,tcp,tls,crypto'],
  ])('allows %s the protocols %s and no file', (url, protocols) => {
    const args = ffmpegArguments(input(url), COPY);
    expect(args[args.indexOf('-protocol_whitelist') + 1]).toBe(protocols);
    expect(args[args.indexOf('-i') + 1]).toBe(url);
  });

  it.each(['file:///etc/passwd', 'concat:a|b', '/etc/passwd', 'data:text/plain,x'])('refuses %s', (url) => {
    expect(() => ffmpegArguments(input(url), COPY)).toThrow(/source\.url/);
  });

  it('copies or resamples audio, and never touches video', () => {
    expect(ffmpegArguments(input('rtmp://h/a/b'), COPY).join(' ')).toContain('-c:v copy -c:a copy');
    const args = ffmpegArguments(input('rtmp://h/a/b'), {
      format: 'mp4',
      audio: { encoder: 'aac', sampleRateHz: 48_000 },
    });
    expect(args.join(' ')).toContain('-c:v copy -c:a aac -ar 48000 -af aresample=async=1');
  });
});

describe('ParameterChanges', () => {
  const changes = (lines: readonly string[]): number[] => {
    const at: number[] = [];
    const reader = new ParameterChanges((ms) => at.push(ms), false);
    for (const line of [
      '#extradata 0:       38, 0xa9920927',
      '#tb 0: 1/1000',
      '#media_type 0: video',
      ...lines,
    ]) {
      reader.read(line);
    }
    return at;
  };

  it.each([
    ["5.1's new parameters", '0, 4000, 4000, 40, 4678, 0xc04d0e5a, S=1,       40', [4_000]],
    [
      "5.1's same parameters, as they look the first time",
      '0, 4000, 4000, 40, 9, 0xc0, S=1,       38',
      [4_000],
    ],
    ["7.1's new parameters", '0, 4000, 4000, 40, 9, 0xc0, S=1, New Extradata, 40, 0x11aa', [4_000]],
    ["7.1's same parameters", '0, 4000, 4000, 40, 9, 0xc0, S=1, New Extradata, 38, 0xa9920927', []],
    ["5.1's stream id of MPEG-TS", '0, 4000, 4000, 40, 4678, 0xc04d0e5a, S=1,        1', []],
    ["5.1's producer reference time of RTSP", '0, 4000, 4000, 40, 4678, 0xc04d0e5a, S=1,       16', []],
    ["7.1's other side data", '0, 4000, 4000, 40, 9, 0xc0, S=1, Producer Reference Time, 24, 0x11aa', []],
  ] as const)('%s', (_name, line, at) => {
    expect(changes([line])).toEqual(at);
  });
});

describe('InputStreams', () => {
  it('reads what ffmpeg found, and tells when it is complete', () => {
    const streams = new InputStreams();
    const lines = [
      "Input #0, flv, from 'rtmp://127.0.0.1/live/x':",
      '  Metadata:',
      '    Server          : NGINX RTMP',
      '  Duration: 00:00:00.00, start: 1.354000, bitrate: N/A',
      '  Stream #0:0: Audio: aac (LC), 48000 Hz, stereo, fltp, 128 kb/s',
      '  Stream #0:1(und): Video: h264 (Constrained Baseline), yuv420p(tv, bt709, progressive), 640x360, 25 fps',
    ];
    for (const line of lines) expect(streams.read(line)).toBeUndefined();
    expect(streams.read('Stream mapping:')).toEqual([
      { kind: 'audio', codec: 'aac', sampleRateHz: 48_000 },
      { kind: 'video', codec: 'h264' },
    ]);
    expect(streams.read('  Stream #0:0: Video: h264, 1 fps')).toBeUndefined();
  });
});

describe('openingFailure', () => {
  it.each([
    ['Connection to tcp://h:9?timeout=0 failed: Connection refused', 'source_refused'],
    ['Server error: No such stream', 'source_not_found'],
    ['method DESCRIBE failed: 404 Not Found', 'source_not_found'],
    ['Server returned 401 Unauthorized (authorization failed)', 'source_unauthorised'],
    ['Failed to resolve hostname h: Name or service not known', 'source_unresolvable'],
    ['rtmp://h/***: Connection timed out', 'source_timed_out'],
    ['http://h/***: Invalid data found when processing input', 'source_not_media'],
  ])('%s means %s', (line, code) => {
    expect(openingFailure(['some other warning', line], false).code).toBe(code);
  });

  it('is a time-out or an empty source when ffmpeg says nothing', () => {
    expect(openingFailure([], true).code).toBe('source_timed_out');
    expect(openingFailure([], false).code).toBe('source_empty');
  });
});
