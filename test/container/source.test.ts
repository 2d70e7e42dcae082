import { describe, expect, it } from 'vitest';
import { ffmpegArguments } from '../../container/source/ffmpegArguments.ts';
import { InputStreams } from '../../container/source/inputStreams.ts';
import { openingFailure } from '../../container/source/sourceErrors.ts';
import { planFor } from '../../functions/core/formats.ts';
import type { ContainerFormat } from '../../functions/core/media/types.ts';

const COPY = { format: 'mp4', video: true, audio: 'copy' } as const;

describe('ffmpegArguments', () => {
  it.each([
    ['rtmp://host/live/key', 'rtmp,tcp'],
    ['rtsp://host/cam', 'rtsp,rtp,udp,tcp'],
    ['srt://host:9000', 'srt,udp'],
    ['https://host/list.m3u8', 'http,https,httpproxy,tcp,tls,crypto'],
  ])('allows %s the protocols %s and no file', (url, protocols) => {
    const args = ffmpegArguments(url, COPY);
    expect(args[args.indexOf('-protocol_whitelist') + 1]).toBe(protocols);
    expect(args[args.indexOf('-i') + 1]).toBe(url);
  });

  it.each(['file:///etc/passwd', 'concat:a|b', '/etc/passwd', 'data:text/plain,x'])('refuses %s', (url) => {
    expect(() => ffmpegArguments(url, COPY)).toThrow(/source\.url/);
  });

  it('copies or resamples audio, and never touches video', () => {
    expect(ffmpegArguments('rtmp://h/a/b', COPY).join(' ')).toContain('-c:v copy -c:a copy');
    const args = ffmpegArguments('rtmp://h/a/b', {
      format: 'mp4',
      video: true,
      audio: { encoder: 'aac', sampleRateHz: 48_000 },
    });
    expect(args.join(' ')).toContain('-c:v copy -c:a aac -ar 48000 -af aresample=async=1');
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

  it('knows AAC with headers of its own, which is encoded for Matroska and copied elsewhere', () => {
    const streams = new InputStreams();
    const lines = [
      "Input #0, mpegts, from 'http://127.0.0.1/live/x.ts':",
      '  Stream #0:0[0x100]: Video: h264 (High) ([27][0][0][0] / 0x001B), yuv420p(progressive), 320x180, 25 fps',
      '  Stream #0:1[0x101]: Audio: aac (LC) ([15][0][0][0] / 0x000F), 44100 Hz, stereo, fltp, 129 kb/s',
    ];
    for (const line of lines) streams.read(line);
    const found = streams.read('Stream mapping:') ?? [];
    const plan = (format: ContainerFormat) =>
      planFor(found, { formats: { h264: format }, audioSampleRateHz: 44_100 });
    expect(plan('mkv').audio).toEqual({ encoder: 'aac', sampleRateHz: 44_100 });
    expect(plan('mp4').audio).toBe('copy');
    expect(plan('ts').audio).toBe('copy');
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
