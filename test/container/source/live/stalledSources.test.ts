import { expect, it } from 'vitest';
import { waitFor } from '../../../support/children.ts';
import { publishCounter } from '../../../support/counterStream.ts';
import { benchForTests, closersForTests, folderForTests } from '../../../support/forTests.ts';
import { HlsServer } from '../../../support/hlsServer.ts';
import { ffmpegStartMs, LiveRecording, missing } from '../../../support/liveRecording.ts';
import { LiveStream } from '../../../support/liveStream.ts';
import { NginxRtmp } from '../../../support/nginxRtmp.ts';
import { RtspServer } from '../../../support/rtspServer.ts';
import { SrtListener } from '../../../support/srtListener.ts';
import { describeWith } from '../../../support/tools.ts';

const IDLE_MS = 3_000;

interface Stalling {
  readonly url: string;
  readonly stall: () => void;
  readonly udp?: boolean;
}

describeWith(['ffmpeg', 'nginxRtmp', 'gstRtspServer'], 'a source that is connected and sends nothing', () => {
  const folder = folderForTests();
  const closers = closersForTests();
  const bench = benchForTests();

  async function live(...options: Parameters<typeof LiveStream.start>): Promise<LiveStream> {
    const stream = await LiveStream.start(...options);
    closers.push(() => stream.close());
    return stream;
  }
  const http = async (format: 'flv' | 'ts'): Promise<Stalling> => {
    const stream = await live(format);
    return { url: stream.url, stall: () => stream.withhold('everything') };
  };
  const rtsp = async (how: 'frozen server' | 'silent stream', udp: boolean): Promise<Stalling> => {
    const feed = await live('flv');
    const server = await RtspServer.start({ feed: feed.url });
    closers.push(() => server.stop());
    const stall = () => (how === 'frozen server' ? server.freeze(true) : feed.withhold('everything'));
    return { url: server.url, stall, udp };
  };

  const stalling: Record<string, () => Promise<Stalling>> = {
    'RTMP, whose publisher hangs': async () => {
      const nginx = await NginxRtmp.start({ keepsPlayers: true });
      const publisher = publishCounter(`${nginx.url}/stream-key-1234`);
      closers.push(async () => {
        await publisher.stop('SIGKILL');
        await nginx.stop();
      });
      await nginx.published('stream-key-1234');
      return { url: `${nginx.url}/stream-key-1234`, stall: () => publisher.process.kill('SIGSTOP') };
    },
    'HTTP-FLV': () => http('flv'),
    'HTTP-TS': () => http('ts'),
    'RTSP over TCP, frozen server': () => rtsp('frozen server', false),
    'RTSP over TCP, silent stream': () => rtsp('silent stream', false),
    'RTSP over UDP, frozen server': () => rtsp('frozen server', true),
    'RTSP over UDP, silent stream': () => rtsp('silent stream', true),
    SRT: async () => {
      const listener = await SrtListener.start();
      closers.push(() => listener.stop());
      return { url: listener.url, stall: () => listener.freeze(true) };
    },
    HLS: async () => {
      const hls = await HlsServer.start();
      closers.push(() => hls.close());
      return { url: hls.url, stall: () => hls.freeze() };
    },
  };

  it.concurrent.each(Object.entries(stalling))(
    '%s: is taken for lost in time',
    async (_kind, open) => {
      const { url, stall, udp = false } = await open();
      const recording = await LiveRecording.start(bench, url, {
        idleTimeoutMs: IDLE_MS,
        reconnectWindowMs: 0,
        rtspTransport: udp ? 'udp' : 'tcp',
      });
      await recording.recorded(2_000);
      stall();
      const stalledAtMs = Date.now();
      const { code } = await recording.reason;
      const tookMs = Date.now() - stalledAtMs;
      const record = await recording.record(folder);
      expect(code).toBe('source_ended');
      // Of an encoder on a busy machine nothing may have come for a while before.
      expect(tookMs).toBeGreaterThan(IDLE_MS / 2);
      expect(missing(record.counters)).toEqual([]);
      expect(record.errors).toBe('');
    },
    180_000,
  );

  it.concurrent('comes back: the same file goes on', async () => {
    const source = await live('flv', { keyframeEvery: 5 });
    const recording = await LiveRecording.start(bench, source.url, {
      // Of an encoder on a busy machine nothing may come for a second.
      idleTimeoutMs: 3_000,
      reconnectWindowMs: 20_000,
    });
    await recording.recorded(2_000);
    source.withhold('everything');
    await waitFor('the next connection', () => source.connections > 1 || undefined);
    source.withhold('nothing');
    const startMs = await ffmpegStartMs();
    await recording.moreFrames(100);
    recording.stop();
    const record = await recording.record(folder);
    expect(record.parts).toHaveLength(1);
    expect(record.parts[0]?.gaps).toHaveLength(1);
    expect(missing(record.counters)).toHaveLength(1);
    expect(
      Math.abs((missing(record.counters)[0] ?? 0) * 40 - (record.parts[0]?.gaps?.[0]?.durationMs ?? 0)),
    ).toBeLessThan(500 + 8 * startMs);
  }, 180_000);
});
