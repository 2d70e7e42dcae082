import { describe, expect, it } from 'vitest';
import { ffmpegArguments } from '../../../container/source/ffmpegArguments.ts';
import type { Input, InputSettings } from '../../../container/source/inputOptions.ts';
import { InputStreams } from '../../../container/source/inputStreams.ts';
import { type Complained, openingFailure, sourceEnded } from '../../../container/source/sourceErrors.ts';
import type { ContainerFormat } from '../../../functions/core/media/types.ts';
import { type EncodingPlan, planFor } from '../../../functions/core/settings/formats.ts';
import { DEFAULT_SETTINGS } from '../../../functions/core/settings/settings.ts';

const COPY: EncodingPlan = { format: 'mp4', audio: 'copy', maps: ['0:v:0', '0:a:0'], leftOut: [] };
const argumentsFor = (
  url: string,
  settings: Partial<InputSettings> = {},
  { rejoins = false, plan = COPY }: { readonly rejoins?: boolean; readonly plan?: EncodingPlan } = {},
): string[] => {
  const input: Input = { url, settings: { ...DEFAULT_SETTINGS, ...settings }, rejoins };
  return ffmpegArguments(input, { url, options: [], isFed: false, others: [], hasSoundInside: true }, plan);
};

describe('ffmpegArguments', () => {
  it.each([
    ['rtsp://host/cam', 'rtsp,rtp,udp,tcp'],
    ['srt://host:9000', 'srt,udp'],
    ['https://host/list.m3u8', 'http,https,httpproxy,tcp,tls'],
  ])('allows %s the protocols %s and no file', (url, protocols) => {
    const args = argumentsFor(url);
    expect(args[args.indexOf('-protocol_whitelist') + 1]).toBe(protocols);
    expect(args[args.indexOf('-i') + 1]).toBe(url);
  });

  it.each(['file:///etc/passwd', 'concat:a|b', '/etc/passwd', 'data:text/plain,x'])('refuses %s', (url) => {
    expect(() => argumentsFor(url)).toThrow(/source\.url/);
  });

  it.each([
    ['https://h/file.mp4', { idleTimeoutMs: 30_000 }, '-rw_timeout 30000000'],
    ['rtsp://h/cam', {}, '-timeout 5000000 -rtsp_transport tcp'],
    ['rtsps://h/cam', {}, '-timeout 5000000 -rtsp_transport tcp'],
    ['srt://h:9000?timeout=1', {}, '-timeout 10000000'],
    ['https://h/list.m3u8?token=1', {}, '-rw_timeout 10000000 -fpsprobesize 0 -analyzeduration 3000000'],
  ] as const)('tells ffmpeg how long %s may be silent, with %j', (url, settings, options) => {
    const args = argumentsFor(url, settings);
    expect(args.slice(0, args.indexOf('-i')).join(' ')).toContain(options);
  });

  it('waits for nothing that the recorder hands over itself, and takes sound from an input of its own', () => {
    const input: Input = { url: 'https://h/list.m3u8', settings: DEFAULT_SETTINGS, rejoins: false };
    const sound = { url: 'http://127.0.0.1:1/b', options: ['-f', 'aac'], language: undefined };
    const main = { url: 'http://127.0.0.1:1/a', options: ['-f', 'mpegts'], isFed: true };
    const access = { ...main, others: [sound], hasSoundInside: false };
    const args = ffmpegArguments(input, access, COPY).join(' ');
    expect(args).not.toContain('-rw_timeout');
    expect(args.match(/-protocol_whitelist http,tcp /g)).toHaveLength(2);
    expect(args).toMatch(
      /-f mpegts .*-i http:\/\/127\.0\.0\.1:1\/a .*-f aac .*-i http:\/\/127\.0\.0\.1:1\/b -map/,
    );
    expect(args).toContain('-map 0:v:0? -map 1:a:0?');
  });

  it('copies to one output; what is encoded has its own, and pictures are never touched', () => {
    const copied = argumentsFor('rtmp://h/a/b').join(' ');
    expect(copied).toContain('-map 0:v:0? -map 0:a:0? -c copy -copyinkf');
    expect(copied).toMatch(/-f nut pipe:1$/);
    const encode = (...maps: string[]): string =>
      argumentsFor(
        'rtmp://h/a/b',
        {},
        { plan: { ...COPY, audio: { encoder: 'aac', sampleRateHz: 48_000 }, maps } },
      ).join(' ');
    expect(encode('0:v:0', '0:a:0')).toMatch(
      /-map 0:v:0 -c copy .*-f nut pipe:1 -map 0:a:0 -c:a aac -ar 48000 -af asetpts=.*,aresample=async=1.*pipe:3$/,
    );
    expect(encode('0:a:0')).not.toContain('0:v:0');
    expect(encode('0:a:0')).toMatch(/-f nut pipe:1$/);
    // A language that is silent must not hold back another.
    expect(encode('0:v:0', '0:a:1', '0:a:2')).toMatch(/pipe:1 -map 0:a:1 .* pipe:3 -map 0:a:2 .* pipe:4$/);
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
    expect(streams.read('Stream mapping:')?.streams).toEqual([
      { index: 0, kind: 'audio', codec: 'aac', sampleRateHz: 48_000 },
      { index: 1, kind: 'video', codec: 'h264', width: 640, height: 360 },
    ]);
    expect(streams.read('  Stream #0:0: Video: h264, 1 fps')).toBeUndefined();
  });

  it('leaves out what was announced and never came', () => {
    const streams = new InputStreams();
    const lines = [
      "Input #0, mpegts, from 'http://127.0.0.1/live/x.ts':",
      '  Stream #0:0[0x100]: Video: h264 (High) ([27][0][0][0] / 0x001B), yuv420p(progressive), 320x180, 25 fps',
      '  Stream #0:1[0x101]: Audio: aac ([15][0][0][0] / 0x000F), 0 channels',
      '  Stream #0:2[0x102]: Video: h264 ([27][0][0][0] / 0x001B), none, 90k tbr',
    ];
    for (const line of lines) streams.read(line);
    const { maps, leftOut } = planFor(streams.listed ?? { streams: [], programs: [] }, DEFAULT_SETTINGS);
    expect(maps).toEqual(['0:v:0']);
    expect(leftOut.map(({ reason }) => reason)).toEqual(['never_came', 'never_came']);
  });

  it('copies AAC with headers of its own into every container', () => {
    const streams = new InputStreams();
    const lines = [
      "Input #0, mpegts, from 'http://127.0.0.1/live/x.ts':",
      '  Stream #0:0[0x100]: Video: h264 (High) ([27][0][0][0] / 0x001B), yuv420p(progressive), 320x180, 25 fps',
      '  Stream #0:1[0x101]: Audio: aac (LC) ([15][0][0][0] / 0x000F), 44100 Hz, stereo, fltp, 129 kb/s',
    ];
    for (const line of lines) streams.read(line);
    const found = streams.read('Stream mapping:') ?? { streams: [], programs: [] };
    const plan = (format: ContainerFormat) =>
      planFor(found, { ...DEFAULT_SETTINGS, formats: { h264: format } });
    expect(plan('mkv').audio).toBe('copy');
    expect(plan('mp4').audio).toBe('copy');
    expect(plan('ts').audio).toBe('copy');
  });
});

const said = (...complaints: string[]): Complained => ({ complaints, complaint: complaints.at(-1) });

describe('sourceEnded', () => {
  it('says how, how long it was waited for, and what ffmpeg said last', () => {
    expect(sourceEnded(said(), 0)).toEqual({ code: 'source_ended', message: 'The source ended.' });
    expect(sourceEnded(said('HTTP error 404 Not Found', 'Invalid data'), 30_000)).toEqual({
      code: 'source_ended',
      message: 'The source ended, and did not come back within 30 s. The source has no such stream.',
      complaint: 'Invalid data',
    });
  });
});

describe('openingFailure', () => {
  it.each([
    // ffmpeg 5.1, as the servers of test/container/sources make it say.
    ['Invalid data found when processing input: the answer is no RTMP handshake', 'source_not_media'],
    ['Server error: NetStream.Play.StreamNotFound: No such stream', 'source_not_found'],
    ['Server error: authentication failed: another user or password', 'source_unauthorised'],
    ['An unexpected TLS packet was received.', 'source_not_media'],
    ['HTTP error 410 Gone', 'source_not_found'],
    ['Server returned 5XX Server Error reply', 'source_failed'],
    ['method DESCRIBE failed: 503 Service Unavailable', 'source_failed'],
    ['method DESCRIBE failed: 401 Unauthorized', 'source_unauthorised'],
    [
      'SRT:RcvQ:w1!W:SRT.cn: processAsyncConnectRequest: REJECT reported from HS processing: Incorrect passphrase - not processing further',
      'source_unauthorised',
    ],
    [
      'failed to set option SRTO_PASSPHRASE on socket: Operation not supported: Bad parameters',
      'source_failed',
    ],
    ['Connection to srt://h failed: Connection timed out', 'source_timed_out'],
    // ffmpeg 7.1.
    ['Error opening input: Server returned 404 Not Found', 'source_not_found'],
    ['Server returned 429 Too Many Requests; HTTP error 429 Too Many Requests', 'source_failed'],
    ['error:0A00010B:SSL routines::wrong version number', 'source_not_media'],
    ['Error opening input: Invalid data found when processing input', 'source_not_media'],
    ['Connection to tcp://h:9?timeout=0 failed: Connection refused', 'source_refused'],
    ['Server error: No such stream', 'source_not_found'],
    ['method DESCRIBE failed: 404 Not Found', 'source_not_found'],
    ['Server returned 401 Unauthorized (authorization failed)', 'source_unauthorised'],
    ['Failed to resolve hostname h: Name or service not known', 'source_unresolvable'],
    ['rtmp://h/***: Connection timed out', 'source_timed_out'],
    ['http://h/***: Invalid data found when processing input', 'source_not_media'],
  ])('%s means %s', (line, code) => {
    expect(openingFailure(said('some other warning', line), false).code).toBe(code);
  });

  it.each([
    [
      '5.1',
      ['method SETUP failed: 461 Unsupported Transport', 'rtsp://h/***: Server returned 4XX Client Error'],
    ],
    ['7.1', ['method SETUP failed: 461Unsupported Transport', 'Error opening input: Protocol not supported']],
  ])('names the setting where a server does not send over TCP, or UDP: ffmpeg %s', (_, lines) => {
    const { code, message } = openingFailure(said(...lines), false);
    expect([code, message]).toEqual(['source_failed', expect.stringContaining('rtspTransport')]);
  });

  it.each([
    ['method DESCRIBE failed: 410Gone', 'source_not_found'],
    ['method PLAY failed: 403Forbidden', 'source_unauthorised'],
    ['method PLAY failed: 455Method Not Valid in This State', 'source_failed'],
  ])('%s means %s, as ffmpeg 7.1 says it', (line, code) => {
    expect(openingFailure(said(line), false).code).toBe(code);
  });

  it('RTSP calls a server that did not answer in time invalid data', () => {
    const line = 'rtsp://h/***: Invalid data found when processing input';
    expect(openingFailure(said(line), true).code).toBe('source_timed_out');
    expect(openingFailure(said(line), false).code).toBe('source_not_media');
  });

  it('says that a stream is scrambled, also when nothing came of it in time', () => {
    const { code, message } = openingFailure(said('the stream is scrambled'), true);
    expect([code, message]).toEqual(['source_not_media', expect.stringContaining('scrambled (encrypted)')]);
  });

  it('is a time-out or an empty source when ffmpeg says nothing', () => {
    expect(openingFailure(said(), true).code).toBe('source_timed_out');
    expect(openingFailure(said(), false).code).toBe('source_empty');
  });
});
