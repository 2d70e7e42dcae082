import { beforeAll, expect, it } from 'vitest';
import { faultsOf, picturesOf } from '../../../streams/check.ts';
import { packaged } from '../../../streams/hlsSegments.ts';
import { makeRawMedia, type RawMedia, tagsOf } from '../../../streams/media.ts';
import type { Pictures } from '../../../streams/pictureFaults.ts';
import { type Fragmented, type Happening, isSoundApart, type Story } from '../../../streams/story.ts';
import { HlsForTests } from '../../../support/hlsForTests.ts';
import { END, playlist } from '../../../support/hlsMedia.ts';
import { describeWith } from '../../../support/tools.ts';

describeWith(['ffmpeg'], 'HLS whose clock jumps within a segment', () => {
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
          const { init, body, beginsAtMs, endsAtMs } = segment;
          const file = `/${name}/${segment.name}`;
          hls.site.put(file, body);
          const seconds = (endsAtMs - beginsAtMs) / 1_000;
          const lines = [`#EXTINF:${seconds},`, file];
          if (init === undefined) return lines;
          hls.site.put(`/${name}/${init.name}`, init.body);
          return [`#EXT-X-MAP:URI="/${name}/${init.name}"`, ...lines];
        });
      hls.site.put(`/${name}-${which}.m3u8`, playlist(...lines, END));
      return `/${name}-${which}.m3u8`;
    };
    if (!isSoundApart(story)) return list('all');
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

  function faults(sound: Fragmented['sound'], happenings: readonly Happening[]): Promise<string[]> {
    const fragmented = { sound, inParts: false, since1970: false };
    return faultsOfStory({ seed: 0, format: 'fmp4', packager: 'plain', fragmented, happenings });
  }

  async function faultsOfStory(story: Story): Promise<string[]> {
    const name = JSON.stringify(story).replaceAll(/\W/g, '');
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

  it.each<Pick<Story, 'format' | 'fragmented'>>([
    { format: 'hls' },
    { format: 'fmp4', fragmented: { sound: 'inside', inParts: false, since1970: false } },
  ])(
    'where sound first comes, with another publisher, is in sync, and no longer than it was: $format',
    async (how) => {
      const anewMs = 3_700;
      const happenings: Happening[] = [
        { kind: 'late', atMs: 0, what: 'mute', forMs: anewMs, isAnnounced: true },
        { kind: 'anew', atMs: anewMs, awayMs: 0 },
      ];
      expect(await faultsOfStory({ seed: 0, packager: 'plain', ...how, happenings })).toEqual([]);
    },
  );
});
