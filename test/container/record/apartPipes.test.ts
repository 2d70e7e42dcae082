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
const CUT_AT_MS = 1_500;
const SOUND_MS = { from: 510, until: 1_310 };

const RUN = { format: 'mp4', leftOut: [], isLive: true, inputs: 1, packets: 'nut', data: [] } as const;

const folder = new MediaFolder();
let flv: Buffer;
let nuts: readonly Buffer[];
/** Of sound that begins before the pictures and pauses before they do: pictures, sound. */
let late: readonly [Buffer, Buffer];
/** Pictures and sound of a connection that is cut; and both of the next one, which begins with a server's cache. */
let cut: readonly [Buffer, Buffer, Buffer];
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
    const [before, again] = [
      tags.filter((tag) => isConfiguration(tag) || tag.atMs < CUT_AT_MS),
      tags.filter((tag) => isConfiguration(tag) || tag.atMs >= PICTURES_FROM_MS),
    ].map((some, i) => folder.write(`cut${i}.flv`, Buffer.concat([FLV_HEADER, writeFlv(some)])));
    cut = [
      nutOf(before ?? '', ['0:v:0']),
      nutOf(before ?? '', ['0:a:0']),
      nutOf(again ?? '', ['0:v:0', '0:a:0']),
    ];
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
    const media = connection.media(OUTPUTS, RUN);
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

  it("goes on where it was when it comes with the pictures, not encoded any more, behind what a server's cache sends again", () => {
    const [pictures, sound, both] = cut;
    const connection = new SourceConnection();
    const recorded = (outputs: typeof OUTPUTS, nuts: readonly Buffer[], nowMs: number): Fragment[] => {
      connection.begin({ receivedAtMs: () => nowMs }, nowMs);
      const media = connection.media(outputs, RUN);
      for (const [pipe, nut] of nuts.entries()) media.push(pipe, nut, nowMs);
      const all: Fragment[] = [];
      for (let next = media.rest(nowMs); next !== undefined; next = media.rest(nowMs)) {
        connection.settle(media, next, undefined);
        all.push({ ...next });
      }
      return all;
    };
    const [picture, tone] = OUTPUTS.flat();
    if (picture === undefined || tone === undefined) throw new Error('no tracks');
    recorded([[picture], [{ ...tone, isEncoded: true }]], [pictures, sound], 1_000_000);
    const again = recorded([[picture, tone]], [both], 1_001_500);
    const firstOf = (times: (number | undefined)[]): number =>
      Math.min(...times.map((ms) => ms ?? Number.POSITIVE_INFINITY));
    expect(Math.abs(firstOf(again.map(({ picturesFromMs }) => picturesFromMs)) - CUT_AT_MS)).toBeLessThan(60);
    expect(Math.abs(firstOf(again.map(({ soundFromMs }) => soundFromMs)) - CUT_AT_MS)).toBeLessThan(60);
  });

  it('begins its part in front of the pictures, also where it pauses before those do', () => {
    const [pictures, sound] = late;
    const connection = new SourceConnection();
    connection.begin({}, 0);
    const media = connection.media(OUTPUTS, { ...RUN, isLive: false });
    media.push(0, pictures, 0);
    media.push(1, sound, 0);
    let first: Fragment | undefined;
    for (let nowMs = 0; first === undefined && nowMs < 3_000; nowMs += 100) first = media.next(nowMs);
    expect(Math.abs((first?.picturesFromMs ?? 0) - PICTURES_FROM_MS)).toBeLessThan(30);
    expect(Math.abs((first?.soundFromMs ?? 0) - SOUND_MS.from)).toBeLessThan(30);
  });
});
