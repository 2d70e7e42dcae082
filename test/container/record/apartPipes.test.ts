import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SourceConnection } from '../../../container/record/sourceConnection.ts';
import type { Feed } from '../../../container/source/hls/handover.ts';
import { LiveSource } from '../../../container/source/live/liveSource.ts';
import type { Jump } from '../../../functions/core/media/timeline/epochs.ts';
import type { SentClocks } from '../../../functions/core/media/timeline/sentClocks.ts';
import type { TrackSource } from '../../../functions/core/media/tracks/sample.ts';
import type { Fragment } from '../../../functions/core/media/types.ts';
import { beepingFlv } from '../../support/beepingFlv.ts';
import { FLV_HEADER, type FlvTag, isConfiguration, VIDEO, writeFlv } from '../../support/flvTags.ts';
import { nutOf } from '../../support/liveMedia.ts';
import { MediaFolder } from '../../support/media.ts';
import { describeWith } from '../../support/tools.ts';

const SECONDS = 2;
const OUTPUTS: readonly (readonly TrackSource[])[] = [
  [{ kind: 'video', codec: 'h264', isEncoded: false }],
  [{ kind: 'audio', codec: 'aac', isEncoded: false }],
];

/** Just before a keyframe. */
const PICTURES_FROM_MS = 815;
const SOUND_MS = { from: 510, until: 1_310 };

const folder = new MediaFolder();
let flv: Buffer;
let nuts: readonly Buffer[];
/** Of sound that begins before the pictures and pauses before they do: pictures, sound. */
let late: readonly [Buffer, Buffer];
let clocks: SentClocks;

/** The clocks of a stream, as they are known once ffmpeg has been given all of it. */
async function received(): Promise<SentClocks> {
  async function* body(): AsyncGenerator<Buffer, void, undefined> {
    yield flv;
  }
  const source = new LiveSource(
    'flv',
    body(),
    { nowMs: () => 0, awakeMs: () => 0 },
    { gone: new AbortController() },
  );
  let feed: Feed | undefined;
  source.begin({
    offer: (offered) => {
      feed = offered;
      return 'http://127.0.0.1/live';
    },
  });
  const ffmpeg = new PassThrough();
  ffmpeg.resume();
  // Of a socket no more is used.
  await feed?.(ffmpeg as unknown as Socket);
  await source.close();
  return source.clocks;
}

describeWith(['ffmpeg'], 'sound that comes through a pipe of its own', () => {
  beforeAll(async () => {
    const tags = beepingFlv(folder, 'one.flv', {
      seconds: SECONDS,
      rateHz: 48_000,
      keyframeEvery: 10,
      size: [160, 96],
    });
    // Another publisher takes over, whose times begin at zero.
    flv = Buffer.concat([FLV_HEADER, writeFlv(tags), writeFlv(tags)]);
    const file = folder.write('anew.flv', flv);
    nuts = [nutOf(file, ['0:v:0']), nutOf(file, ['0:a:0'])];
    const isIn = ({ kind, atMs }: FlvTag): boolean =>
      kind === VIDEO ? atMs >= PICTURES_FROM_MS : atMs >= SOUND_MS.from && atMs < SOUND_MS.until;
    const some = tags.filter((tag) => isConfiguration(tag) || isIn(tag));
    const lateFile = folder.write('late.flv', Buffer.concat([FLV_HEADER, writeFlv(some)]));
    late = [nutOf(lateFile, ['0:v:0']), nutOf(lateFile, ['0:a:0'])];
  });
  afterAll(() => folder.remove());

  it.each([
    ['the pictures', [0, 1]],
    ['the sound', [1, 0]],
  ])('is in sync where a publisher begins anew, also where all %s come first', async (_, pipes) => {
    clocks = await received();
    const connection = new SourceConnection();
    connection.begin({ clocks }, 0);
    const media = connection.media(OUTPUTS, {
      format: 'mp4',
      leftOut: [],
      isLive: true,
      inputs: 1,
      packets: 'nut',
      data: [],
    });
    for (const pipe of pipes) media.push(pipe, nuts[pipe] ?? Buffer.alloc(0), 0);
    const jumps: Jump[] = [...media.takeJumps()];
    const ends: { endMs: number; soundUntilMs: number | undefined }[] = [];
    for (let next = media.rest(0); next !== undefined; next = media.rest(0))
      ends.push({ endMs: next.endMs, soundUntilMs: next.soundUntilMs });
    expect(jumps).toEqual([expect.objectContaining({ gapMs: 0 })]);
    const last = ends.at(-1);
    expect(Math.abs((last?.endMs ?? 0) - 2 * SECONDS * 1_000)).toBeLessThan(100);
    expect(Math.abs((last?.soundUntilMs ?? 0) - 2 * SECONDS * 1_000)).toBeLessThan(100);
  });

  it('begins its part in front of the pictures, also where it pauses before those do', () => {
    const [pictures, sound] = late;
    const connection = new SourceConnection();
    connection.begin({}, 0);
    const media = connection.media(OUTPUTS, {
      format: 'mp4',
      leftOut: [],
      isLive: false,
      inputs: 1,
      packets: 'nut',
      data: [],
    });
    media.push(0, pictures, 0);
    media.push(1, sound, 0);
    let first: Fragment | undefined;
    for (let nowMs = 0; first === undefined && nowMs < 3_000; nowMs += 100) first = media.next(nowMs);
    expect(Math.abs((first?.picturesFromMs ?? 0) - PICTURES_FROM_MS)).toBeLessThan(30);
    expect(Math.abs((first?.soundFromMs ?? 0) - SOUND_MS.from)).toBeLessThan(30);
  });
});
