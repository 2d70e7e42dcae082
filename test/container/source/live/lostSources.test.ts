import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Child } from '../../../support/children.ts';
import { publishCounter } from '../../../support/counterStream.ts';
import { benchForTests, closersForTests, folderForTests } from '../../../support/forTests.ts';
import { HlsServer } from '../../../support/hlsServer.ts';
import { ffmpegStartMs, type LiveRecord, LiveRecording, missing } from '../../../support/liveRecording.ts';
import { LiveStream } from '../../../support/liveStream.ts';
import { NginxRtmp } from '../../../support/nginxRtmp.ts';
import { RtspServer } from '../../../support/rtspServer.ts';
import { SrtListener } from '../../../support/srtListener.ts';
import { describeWith } from '../../../support/tools.ts';

const SETTINGS = { idleTimeoutMs: 2_000, reconnectWindowMs: 15_000 };
/** A new frame can be joined every 200 ms: what is missing is what the drop itself cost. */
const DENSE = { keyframeEvery: 5 };
const FRAME_MS = 40;
const DROPS = 5;

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

describeWith(['ffmpeg', 'nginxRtmp', 'gstRtspServer'], 'a source that is lost and comes back', () => {
  const folder = folderForTests();
  const closers = closersForTests();
  const bench = benchForTests();

  async function live(...options: Parameters<typeof LiveStream.start>): Promise<LiveStream> {
    const stream = await LiveStream.start(...options);
    closers.push(() => stream.close());
    return stream;
  }

  /** One sound file with a gap for each time that it was away. */
  function expectOneFile({ parts, errors, reason }: LiveRecord, gaps: number): void {
    expect(reason.code).toBe('stopped');
    expect(parts).toHaveLength(1);
    expect(parts[0]?.gaps ?? []).toHaveLength(gaps);
    expect(errors).toBe('');
  }

  // By itself: what a cut costs is time, and the others would take it.
  it('HTTP-FLV that is cut off five times becomes one file, at half a second each', async () => {
    const source = await live('flv', DENSE);
    const recording = await LiveRecording.start(bench, source.url, SETTINGS);
    await recording.recorded(1_500);
    let awayMs = 0;
    const startsMs: number[] = [];
    for (let drops = 1; drops <= DROPS; drops++) {
      source.drop();
      const droppedAtMs = Date.now();
      await source.joined(drops + 1);
      awayMs += Date.now() - droppedAtMs;
      await recording.moreFrames(10);
      startsMs.push(await ffmpegStartMs());
    }
    recording.stop();
    const record = await recording.record(folder);
    expectOneFile(record, DROPS);
    const lost = missing(record.counters);
    expect(lost.length).toBeLessThanOrEqual(DROPS);
    const lostMs = lost.reduce((sum, frames) => sum + frames, 0) * FRAME_MS;
    expect(Math.min(...lost)).toBeGreaterThan(0);
    // Most of a cut is another ffmpeg, so it is held against what one takes to start in the same minute: half a second on a
    // machine that is free, and as many times more on one that is not.
    expect(median(lost) * FRAME_MS).toBeLessThan(500 + 8 * median(startsMs));
    expect(source.connections).toBe(DROPS + 1);
    // Nothing but what nobody was sent: what was on its way is at most a frame or two, and a keyframe is waited for.
    expect(lostMs).toBeLessThan(awayMs + DROPS * (400 + median(startsMs)));
    // What is missing is missing in the file as time, too.
    const gapMs = (record.parts[0]?.gaps ?? []).reduce((sum, gap) => sum + gap.durationMs, 0);
    expect(Math.abs(gapMs - lostMs)).toBeLessThan(DROPS * (300 + median(startsMs)));
  }, 180_000);

  it.concurrent.each([
    ['disconnects its players', false],
    ['keeps its players', true],
  ])(
    'RTMP, whose publisher goes and comes back, at a server that %s',
    async (_name, keepsPlayers) => {
      const nginx = await NginxRtmp.start({ keepsPlayers });
      closers.push(() => nginx.stop());
      const url = `${nginx.url}/stream-key-1234`;
      let publisher: Child = publishCounter(url, DENSE);
      closers.push(() => publisher.stop());
      await nginx.published('stream-key-1234');
      const recording = await LiveRecording.start(bench, url, SETTINGS);
      await recording.recorded(2_500);
      await publisher.stop('SIGKILL');
      const goneAtMs = Date.now();
      publisher = publishCounter(url, DENSE);
      await nginx.published('stream-key-1234');
      const awayMs = Date.now() - goneAtMs;
      const startMs = await ffmpegStartMs();
      await recording.moreFrames(125);
      recording.stop();
      const record = await recording.record(folder);
      expectOneFile(record, 1);
      // The new publisher counts from zero again.
      const again = record.counters.findIndex((counter, i) => counter < (record.counters[i - 1] ?? 0));
      expect(missing(record.counters.slice(0, again))).toEqual([]);
      expect(record.counters.length - again).toBeGreaterThan(50);
      const [gap] = record.parts[0]?.gaps ?? [];
      // What the new publisher had sent before the recorder was back is part of it.
      const joinedMs = (record.counters[again] ?? 0) * FRAME_MS;
      expect(gap?.durationMs).toBeLessThan(awayMs + joinedMs + 1_500 + 8 * startMs);
    },
    180_000,
  );

  it.concurrent('RTSP, whose server is started again', async () => {
    const feed = await live('flv', DENSE);
    let server = await RtspServer.start({ feed: feed.url });
    closers.push(() => server.stop());
    const recording = await LiveRecording.start(bench, server.url, SETTINGS);
    await recording.recorded(2_000);
    const goneAtMs = Date.now();
    await server.stop();
    server = await RtspServer.start({ feed: feed.url, port: server.port });
    const awayMs = Date.now() - goneAtMs;
    const startMs = await ffmpegStartMs();
    await recording.moreFrames(125);
    recording.stop();
    const record = await recording.record(folder);
    expectOneFile(record, 1);
    const lost = missing(record.counters);
    expect(lost).toHaveLength(1);
    expect((lost[0] ?? 0) * FRAME_MS).toBeLessThan(awayMs + 3_000 + 8 * startMs);
  }, 180_000);

  it.concurrent('SRT, whose listener is started again', async () => {
    let listener = await SrtListener.start(DENSE);
    closers.push(() => listener.stop());
    const recording = await LiveRecording.start(bench, listener.url, SETTINGS);
    await recording.moreFrames(50);
    await listener.stop('SIGKILL');
    listener = await SrtListener.start({ ...DENSE, port: listener.port });
    await recording.moreFrames(125);
    recording.stop();
    const record = await recording.record(folder);
    expectOneFile(record, 1);
    const again = record.counters.findIndex((counter, i) => counter < (record.counters[i - 1] ?? 0));
    expect(again).toBeGreaterThan(40);
  }, 180_000);

  it.concurrent('HLS, whose server fails for three seconds: nothing is lost, nothing comes twice', async () => {
    const hls = await HlsServer.start();
    closers.push(() => hls.close());
    const recording = await LiveRecording.start(bench, hls.url, SETTINGS);
    await recording.recorded(2_500);
    hls.answer(503);
    await delay(3_000);
    hls.answer(200);
    await recording.moreFrames(160);
    recording.stop();
    const record = await recording.record(folder);
    expectOneFile(record, 0);
    expect(missing(record.counters)).toEqual([]);
    expect(record.counters.length).toBeGreaterThan(200);
  }, 180_000);

  it.concurrent('HLS that ends: at once, and not recorded a second time', async () => {
    const hls = await HlsServer.start();
    closers.push(() => hls.close());
    // Whoever waited for it would wait for longer than this test may take.
    const recording = await LiveRecording.start(bench, hls.url, { ...SETTINGS, reconnectWindowMs: 300_000 });
    await recording.recorded(2_000);
    await hls.end();
    const record = await recording.record(folder);
    expect(record.reason).toMatchObject({ code: 'source_ended', message: 'The source ended.' });
    expect(missing(record.counters)).toEqual([]);
    // A playlist that has its end from the beginning is recorded once.
    const finite = await LiveRecording.start(bench, hls.url, SETTINGS);
    const whole = await finite.record(folder);
    expect(whole.reason.code).toBe('source_ended');
    expect(missing(whole.counters)).toEqual([]);
    expect(whole.counters.length).toBeGreaterThan(100);
  }, 180_000);

  it.concurrent('HLS that ends while it is away is not recorded a second time', async () => {
    const hls = await HlsServer.start();
    closers.push(() => hls.close());
    const recording = await LiveRecording.start(bench, hls.url, SETTINGS);
    await recording.recorded(2_000);
    hls.answer(503);
    await hls.end();
    await delay(1_000);
    hls.answer(200);
    const record = await recording.record(folder);
    expect(record.reason.code).toBe('source_ended');
    expect(record.parts).toHaveLength(1);
    expect(missing(record.counters)).toEqual([]);
  }, 180_000);

  it.concurrent('RTSP over UDP that loses packets makes a sound file of what came', async () => {
    const feed = await live('flv');
    const server = await RtspServer.start({ feed: feed.url, loss: 0.08 });
    closers.push(() => server.stop());
    const recording = await LiveRecording.start(bench, server.url, { ...SETTINGS, rtspTransport: 'udp' });
    await recording.recorded(8_000);
    recording.stop();
    const { parts, reason, counters, errors } = await recording.record(folder);
    // Something was lost, the decoder says so; the file itself is as it should be.
    expect(errors).toMatch(/\[h264 @/);
    expect(errors.replaceAll(/^\[h264 @.*\n?/gm, '')).toBe('');
    expect(counters.length).toBeGreaterThan(150);
    expect(reason.code).toBe('stopped');
    expect(parts).toHaveLength(1);
    expect(parts[0]?.gaps).toBeUndefined();
  }, 180_000);

  const ending: Record<string, () => Promise<{ readonly url: string; readonly end: () => void }>> = {
    'HTTP-FLV': async () => {
      const stream = await live('flv');
      return { url: stream.url, end: () => stream.end() };
    },
    'HTTP-TS': async () => {
      const stream = await live('ts');
      return { url: stream.url, end: () => stream.end() };
    },
    RTSP: async () => {
      const feed = await live('flv');
      const server = await RtspServer.start({ feed: feed.url });
      closers.push(() => server.stop());
      return { url: server.url, end: () => feed.end() };
    },
    SRT: async () => {
      const listener = await SrtListener.start();
      closers.push(() => listener.stop());
      return { url: listener.url, end: () => void listener.stop() };
    },
  };
  it.concurrent.each(Object.entries(ending))(
    '%s that ends for good: with all that came, when the window is over',
    async (_kind, open) => {
      const { url, end } = await open();
      const reconnectWindowMs = 2_000;
      const recording = await LiveRecording.start(bench, url, { ...SETTINGS, reconnectWindowMs });
      await recording.moreFrames(50);
      end();
      const record = await recording.record(folder);
      expect(record.reason.code).toBe('source_ended');
      expect(record.reason.message).toMatch(
        /^The source ended, and did not come back within 2 s\.( (The|Nothing) [^.]+\.)?$/,
      );
      expect(record.parts).toHaveLength(1);
      expect(missing(record.counters)).toEqual([]);
      expect(record.counters.length).toBeGreaterThan(40);
      expect(record.errors).toBe('');
    },
    180_000,
  );
});
