import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import type { CounterStreamOptions } from '../../../support/counterStream.ts';
import { benchForTests } from '../../../support/forTests.ts';
import { LiveRecording } from '../../../support/liveRecording.ts';
import { type LiveFormat, LiveStream } from '../../../support/liveStream.ts';
import { describeWith } from '../../../support/tools.ts';

const IDLE_MS = 3_000;

describeWith(['ffmpeg'], 'a slow source is not taken for a silent one', () => {
  const streams: LiveStream[] = [];
  const bench = benchForTests();

  afterAll(async () => {
    await Promise.all(streams.map((stream) => stream.close()));
  });

  async function live(...options: Parameters<typeof LiveStream.start>): Promise<LiveStream> {
    const stream = await LiveStream.start(...options);
    streams.push(stream);
    return stream;
  }

  it.concurrent('sound goes on, and the picture is away for a while', async () => {
    const source = await live('flv', { keyframeEvery: 5 });
    const recording = await LiveRecording.start(bench, source.url, {
      idleTimeoutMs: IDLE_MS,
      reconnectWindowMs: 0,
    });
    await recording.recorded(2_000);
    source.withhold('video');
    await delay(3 * IDLE_MS);
    source.withhold('nothing');
    const longerMs = 2_000 + 3 * IDLE_MS;
    await recording.recorded(longerMs + 500);
    recording.stop();
    expect((await recording.reason).code).toBe('stopped');
    const { parts } = await recording.objects();
    expect([...parts.values()].map(({ final }) => final?.gaps)).toEqual([undefined]);
    expect(source.connections).toBe(1);
    expect(parts.get(1)?.final?.durationMs).toBeGreaterThan(longerMs);
  }, 180_000);

  const SLOW: readonly (readonly [string, LiveFormat, CounterStreamOptions])[] = [
    ['a frame every two seconds', 'flv', { fps: 0.5, keyframeEvery: 1, audio: false }],
    ['a frame every two seconds, in MPEG-TS', 'ts', { fps: 0.5, keyframeEvery: 1, audio: false }],
    ['sound alone', 'flv', { video: false }],
    ['ten seconds between keyframes, in MPEG-TS', 'ts', { keyframeEvery: 250 }],
  ];
  it.concurrent.each(SLOW)(
    '%s',
    async (_name, format, content) => {
      const source = await live(format, content);
      const recording = await LiveRecording.start(bench, source.url, {
        idleTimeoutMs: IDLE_MS,
        openTimeoutMs: 30_000,
        reconnectWindowMs: 0,
      });
      await recording.recorded(8_000);
      recording.stop();
      const { code } = await recording.reason;
      const { parts } = await recording.objects();
      expect(code).toBe('stopped');
      // Who joins behind a keyframe has sound as a part of its own until the next one.
      const finals = [...parts.values()].map(({ final }) => final);
      expect(finals.length).toBeGreaterThan(0);
      expect(finals.flatMap((final) => final?.gaps ?? [])).toEqual([]);
    },
    180_000,
  );
});
