import { afterAll, beforeAll, expect, it } from 'vitest';
import { SourceConnection } from '../../../container/record/sourceConnection.ts';
import { FlvCutter } from '../../../functions/core/media/flv/cutter.ts';
import { SentClocks } from '../../../functions/core/media/timeline/sentClocks.ts';
import { LIVE_TIMELINE } from '../../../functions/core/media/timeline/timelineOptions.ts';
import type { TrackSource } from '../../../functions/core/media/tracks/sample.ts';
import { beepingFlv } from '../../support/beepingFlv.ts';
import { FLV_HEADER, type FlvTag, isConfiguration, writeFlv } from '../../support/flvTags.ts';
import { nutOf } from '../../support/liveMedia.ts';
import { MediaFolder } from '../../support/media.ts';
import { describeWith } from '../../support/tools.ts';

/** RTMP's counter of milliseconds goes on at zero behind this. */
const TURN_MS = 2 ** 32;
const SECONDS = 4;
const RECORDED_MS = 3_000;
/** A server's cache begins here, at a keyframe. */
const CACHED_FROM_MS = 2_000;
const OUTPUTS: readonly (readonly TrackSource[])[] = [[{ kind: 'video', codec: 'h264', isEncoded: false }]];
const RUN = { format: 'mp4', leftOut: [], isLive: true, inputs: 1, packets: 'nut', data: [] } as const;

const folder = new MediaFolder();

/** A run of ffmpeg on a new connection, of what came at once. */
function record(connection: SourceConnection, name: string, tags: readonly FlvTag[], nowMs: number) {
  const flv = Buffer.concat([FLV_HEADER, writeFlv(tags)]);
  const cutter = new FlvCutter();
  cutter.push(Buffer.from(flv));
  const clocks = new SentClocks(LIVE_TIMELINE);
  for (const sent of cutter.takeSent()) clocks.see(sent, nowMs);
  connection.begin({ clocks, receivedAtMs: () => nowMs }, nowMs);
  const media = connection.media(OUTPUTS, RUN);
  media.push(0, nutOf(folder.write(name, flv), ['0:v:0']), nowMs);
  const shown: { readonly fromMs: number; readonly untilMs: number }[] = [];
  for (let next = media.rest(nowMs); next !== undefined; next = media.rest(nowMs)) {
    const zeroAtMs = connection.settle(media, next, undefined);
    connection.take(next);
    shown.push({ fromMs: zeroAtMs + next.startMs, untilMs: zeroAtMs + next.endMs });
  }
  return shown;
}

describeWith(['ffmpeg'], 'a source that is joined again near the end of its counter', () => {
  let tags: FlvTag[];
  beforeAll(() => {
    tags = beepingFlv(folder, 'made.flv', { seconds: SECONDS, keyframeEvery: 25 });
  });
  afterAll(() => folder.remove());

  // ffmpeg takes what begins within a minute of the end for earlier than zero, and what comes to there for what it is.
  it.each([
    ['within a minute of it', 40_000, 20_000],
    ['as it was joined before', 20_000, 20_000],
    ['with the first connection more than a minute away', 61_500, 61_500],
    ['far from it', 90_000_000, 90_000_000],
  ])('%s: what comes again tells where it goes on', (_, firstBeforeEndMs, againBeforeEndMs) => {
    const connection = new SourceConnection();
    const near = (beforeEndMs: number, some: readonly FlvTag[]): FlvTag[] =>
      some.map((tag) => ({ ...tag, atMs: tag.atMs + TURN_MS - beforeEndMs }));
    const until = (ms: number): FlvTag[] => tags.filter((tag) => isConfiguration(tag) || tag.atMs < ms);
    const from = (ms: number): FlvTag[] => tags.filter((tag) => isConfiguration(tag) || tag.atMs >= ms);
    const first = record(connection, 'first.flv', near(firstBeforeEndMs, until(RECORDED_MS)), 1_000_000);
    const again = record(connection, 'again.flv', near(againBeforeEndMs, from(CACHED_FROM_MS)), 1_003_000);
    expect(again.length).toBeGreaterThan(0);
    expect(Math.abs((again[0]?.fromMs ?? 0) - (first.at(-1)?.untilMs ?? 0))).toBeLessThan(60);
  });

  it('tells it also where the clock jumps there right behind what comes again', () => {
    const connection = new SourceConnection();
    const first = record(
      connection,
      'before.flv',
      tags.filter(({ atMs }) => atMs < RECORDED_MS),
      1_000_000,
    );
    const jumped = tags
      .filter((tag) => isConfiguration(tag) || tag.atMs >= CACHED_FROM_MS)
      .map((tag) => (tag.atMs < RECORDED_MS ? tag : { ...tag, atMs: tag.atMs + TURN_MS - 20_000 }));
    const again = record(connection, 'jumped.flv', jumped, 1_003_000);
    expect(again.length).toBeGreaterThan(0);
    expect(Math.abs((again[0]?.fromMs ?? 0) - (first.at(-1)?.untilMs ?? 0))).toBeLessThan(60);
  });
});
