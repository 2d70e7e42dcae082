import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RecordingSettings } from '../../../../functions/core/settings/settings.ts';
import { publishCounter } from '../../../support/counterStream.ts';
import { benchForTests, closersForTests, folderForTests } from '../../../support/forTests.ts';
import { HlsServer } from '../../../support/hlsServer.ts';
import { ffmpegStartMs, LiveRecording, missing } from '../../../support/liveRecording.ts';
import { LiveStream } from '../../../support/liveStream.ts';
import { NginxRtmp } from '../../../support/nginxRtmp.ts';
import { RtspServer } from '../../../support/rtspServer.ts';
import { SrtListener } from '../../../support/srtListener.ts';
import { describeWith } from '../../../support/tools.ts';

interface Source {
  readonly url: string;
  readonly settings?: Partial<RecordingSettings>;
}

describeWith(['ffmpeg', 'nginxRtmp', 'gstRtspServer'], 'every kind of source', () => {
  const folder = folderForTests();
  const closers = closersForTests();
  const bench = benchForTests();
  let flv: LiveStream;

  beforeAll(async () => {
    flv = await LiveStream.start('flv');
  });
  afterAll(() => flv.close());

  async function rtsp(options: Partial<Parameters<typeof RtspServer.start>[0]> = {}): Promise<string> {
    const server = await RtspServer.start({ feed: flv.url, ...options });
    closers.push(() => server.stop());
    return server.url;
  }

  async function ts(): Promise<string> {
    const stream = await LiveStream.start('ts');
    closers.push(() => stream.close());
    return stream.url;
  }

  const sources: Record<string, () => Promise<Source>> = {
    RTMP: async () => {
      const nginx = await NginxRtmp.start();
      const publisher = publishCounter(`${nginx.url}/stream-key-1234`);
      closers.push(async () => {
        await publisher.stop();
        await nginx.stop();
      });
      await nginx.published('stream-key-1234');
      return { url: `${nginx.url}/stream-key-1234` };
    },
    'RTSP over TCP': async () => ({ url: await rtsp() }),
    'RTSP over UDP': async () => ({ url: await rtsp(), settings: { rtspTransport: 'udp' } }),
    'RTSP with a password': async () => {
      const url = await rtsp({ user: 'camera', password: 'pass word' });
      return { url: url.replace('//', '//camera:pass%20word@') };
    },
    RTSPS: async () => ({ url: await rtsp({ tls: true }) }),
    SRT: async () => {
      const listener = await SrtListener.start();
      closers.push(() => listener.stop());
      return { url: listener.url };
    },
    'SRT with a passphrase': async () => {
      const passphrase = 'correct+horse/battery=%';
      const listener = await SrtListener.start({ passphrase });
      closers.push(() => listener.stop());
      return { url: `${listener.url}?passphrase=${encodeURIComponent(passphrase)}` };
    },
    HLS: async () => {
      const hls = await HlsServer.start();
      closers.push(() => hls.close());
      return { url: hls.url };
    },
    'HTTP-FLV': async () => ({ url: flv.url }),
    'HTTP-TS': async () => ({ url: await ts() }),
    'HTTP-TS, into MPEG-TS': async () => ({ url: await ts(), settings: { formats: { h264: 'ts' } } }),
    'HTTP-TS, into Matroska': async () => ({ url: await ts(), settings: { formats: { h264: 'mkv' } } }),
  };

  it.concurrent.each(Object.entries(sources))(
    '%s: is recorded without a lost frame, and stopped',
    async (_kind, open) => {
      const { url, settings } = await open();
      const recording = await LiveRecording.start(bench, url, settings);
      await recording.moreFrames(50);
      const stoppedAtMs = Date.now();
      recording.stop();
      await recording.reason;
      expect(Date.now() - stoppedAtMs).toBeLessThan(10_000 + 8 * (await ffmpegStartMs()));
      const record = await recording.record(folder);
      expect(record.reason.code).toBe('stopped');
      expect(record.parts).toHaveLength(1);
      expect(record.parts[0]?.tracks.map(({ codec }) => codec).sort()).toEqual(['aac', 'h264']);
      expect(record.counters.length).toBeGreaterThan(40);
      expect(missing(record.counters)).toEqual([]);
      expect(record.errors).toBe('');
      expect(record.durationMs).toBeGreaterThan(record.counters.length * 40 - 200);
    },
    180_000,
  );
});
