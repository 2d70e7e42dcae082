import { beforeAll, expect, it } from 'vitest';
import { faultsOf, picturesOf } from '../../../streams/check.ts';
import { packaged } from '../../../streams/hlsSegments.ts';
import { makeRawMedia, type RawMedia, tagsOf } from '../../../streams/media.ts';
import type { Pictures } from '../../../streams/pictureFaults.ts';
import type { Fragmented, Happening, Story } from '../../../streams/story.ts';
import { HlsForTests } from '../../../support/hlsForTests.ts';
import { END, playlist } from '../../../support/hlsMedia.ts';
import { describeWith } from '../../../support/tools.ts';

describeWith(['ffmpeg'], 'fragmented MP4 whose clock jumps within a segment', () => {
  const hls = new HlsForTests();
  let media: RawMedia;
  let pictures: Pictures;
  beforeAll(async () => {
    media = makeRawMedia(hls.folder);
    pictures = await picturesOf(media);
  }, 60_000);

  /** Puts a story as it is listed once it is over. @returns path of its first playlist */
  function put(name: string, story: Story): string {
    const segments = packaged(tagsOf(media, story), story);
    const list = (which: string): string => {
      const lines = segments
        .filter((segment) => segment.list === which)
        .flatMap((segment) => {
          const init = `/${name}/${segment.init?.name}`;
          hls.site.put(init, segment.init?.body ?? Buffer.alloc(0));
          hls.site.put(`/${name}/${segment.name}`, segment.body);
          const seconds = (segment.endsAtMs - segment.beginsAtMs) / 1_000;
          return [`#EXT-X-MAP:URI="${init}"`, `#EXTINF:${seconds},`, `/${name}/${segment.name}`];
        });
      hls.site.put(`/${name}-${which}.m3u8`, playlist(...lines, END));
      return `/${name}-${which}.m3u8`;
    };
    if (story.fragmented?.sound === 'inside') return list('all');
    hls.site.put(
      `/${name}.m3u8`,
      [
        '#EXTM3U',
        `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="${list('sound')}"`,
        '#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a"',
        list('picture'),
        '',
      ].join('\n'),
    );
    return `/${name}.m3u8`;
  }

  async function faults(sound: Fragmented['sound'], happenings: readonly Happening[]): Promise<string[]> {
    const fragmented = { sound, inParts: false, since1970: false };
    const story: Story = { seed: 0, format: 'fmp4', packager: 'plain', fragmented, happenings };
    const name = JSON.stringify(happenings).replaceAll(/\W/g, '');
    const { recordingId, objects } = await hls.bench.record(hls.site.origin + put(name, story));
    const finals = [...objects.parts.values()].flatMap(({ final }) => final ?? []);
    const parts = await Promise.all(
      finals.map(async ({ key, part, durationMs }) => ({
        file: hls.folder.write(`${recordingId}-${part}.mp4`, await hls.bench.object(key)),
        durationMs,
      })),
    );
    return faultsOf(parts, tagsOf(media, story), story, pictures);
  }

  it('back loses none of its sound where that is encoded', async () => {
    const happenings: Happening[] = [
      { kind: 'rate', atMs: 1_535 },
      { kind: 'jump', atMs: 6_121, byMs: -80_419 },
    ];
    expect(await faults('apart', happenings)).toEqual([]);
  });

  it('and whose sound changes later goes on behind what is recorded', async () => {
    const happenings: Happening[] = [
      { kind: 'anew', atMs: 1_428, awayMs: 0 },
      { kind: 'rate', atMs: 6_122 },
    ];
    expect(await faults('apart', happenings)).toEqual([]);
  });

  it('back by as much as a segment lasts, whose sound is apart and had come late, is as long as it was', async () => {
    const happenings: Happening[] = [
      { kind: 'late', atMs: 0, what: 'mute', forMs: 703, isAnnounced: true },
      { kind: 'anew', atMs: 1_268, awayMs: 0 },
    ];
    expect(await faults('apart', happenings)).toEqual([]);
  });

  it('just behind where its sound begins is in sync, and no longer than it was', async () => {
    const happenings: Happening[] = [
      { kind: 'late', atMs: 0, what: 'mute', forMs: 1_224, isAnnounced: true },
      { kind: 'anew', atMs: 1_258, awayMs: 0 },
    ];
    expect(await faults('inside', happenings)).toEqual([]);
  });
});
