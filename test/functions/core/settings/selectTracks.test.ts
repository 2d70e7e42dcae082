import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FoundKind,
  type FoundSource,
  type FoundStream,
  selectTracks,
  TRACKS_OF_A_KIND_MAX,
} from '../../../../functions/core/settings/selectTracks.ts';
import { ALL_TRACKS, checkTracks, type TrackSettings } from '../../../../functions/core/settings/tracks.ts';

const video = (index: number, more: Partial<FoundStream> = {}): FoundStream => ({
  index,
  kind: 'video',
  codec: 'h264',
  width: 640,
  height: 360,
  ...more,
});
const sound = (index: number, language?: string, more: Partial<FoundStream> = {}): FoundStream => ({
  index,
  kind: 'audio',
  codec: 'aac',
  ...(language === undefined ? {} : { language }),
  ...more,
});
const source = (streams: FoundStream[], programs: FoundSource['programs'] = []): FoundSource => ({
  streams,
  programs,
});
const maps = (found: FoundSource, settings: Partial<TrackSettings> = {}): string[] =>
  selectTracks(found, { ...ALL_TRACKS, ...settings }).tracks.map(({ map }) => map);

describe('selectTracks', () => {
  it('takes picture and sound of one programme', () => {
    const found = source([sound(0), video(1), sound(2)], [{ streams: [0] }, { streams: [1, 2] }]);
    expect(maps(found)).toEqual(['0:v:0', '0:a:1']);
    expect(selectTracks(found, ALL_TRACKS).leftOut).toEqual([
      { kind: 'audio', codec: 'aac', reason: 'other_program', count: 1 },
    ]);
  });

  it('takes the largest picture of a master playlist, then its highest bit rate', () => {
    const sizes = [160, 640, 640, 320];
    const streams = sizes.map((width, index) => video(index, { width, height: width / 2 }));
    const programs = [1e5, 6e5, 9e5, 3e5].map((bitrateBps, index) => ({ streams: [index, 4], bitrateBps }));
    expect(maps(source([...streams, sound(4, 'eng')], programs))).toEqual(['0:v:2', '0:a:0']);
  });

  it('takes no cover for a video', () => {
    const cover = video(1, { codec: 'mjpeg', isPicture: true, width: 3_000, height: 3_000 });
    const found = source([sound(0, undefined, { codec: 'mp3' }), cover]);
    expect(maps(found)).toEqual(['0:a:0']);
    expect(selectTracks(found, ALL_TRACKS).leftOut).toEqual([
      { kind: 'video', codec: 'mjpeg', reason: 'picture', count: 1 },
    ]);
  });

  it('takes all sound, or what is asked for, whatever the code of its language is', () => {
    const found = source([video(0), sound(1, 'eng'), sound(2, 'deu', { isDefault: true }), sound(3)]);
    expect(maps(found)).toEqual(['0:v:0', '0:a:0', '0:a:1', '0:a:2']);
    expect(maps(found, { audio: ['ger'] })).toEqual(['0:v:0', '0:a:1']);
    expect(maps(found, { audio: ['de', 'en'] })).toEqual(['0:v:0', '0:a:0', '0:a:1']);
    // None of them: the default one.
    expect(maps(found, { audio: ['fra'] })).toEqual(['0:v:0', '0:a:1']);
    expect(maps(found, { audio: false })).toEqual(['0:v:0']);
    expect(maps(found, { video: false })).toEqual(['0:a:0', '0:a:1', '0:a:2']);
    expect(selectTracks(found, ALL_TRACKS).tracks.map(({ isDefault }) => isDefault)).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('says what the container does not carry, and takes what it does', () => {
    const found = source([
      video(0),
      { index: 1, kind: 'subtitle', codec: 'dvb_subtitle' },
      { index: 2, kind: 'data', codec: 'scte_35' },
    ]);
    expect(selectTracks(found, ALL_TRACKS).leftOut.map(({ reason }) => reason)).toEqual([
      'container',
      'container',
    ]);
    const all = selectTracks(found, ALL_TRACKS, ['dvb_subtitle', 'scte_35']);
    expect(all.tracks.map(({ map }) => map)).toEqual(['0:v:0', '0:s:0', '0:d:0']);
    expect(all.leftOut).toEqual([]);
  });

  it('of a thousand tracks keeps as many as anybody uses, and counts the others', () => {
    const found = source([video(0), ...Array.from({ length: 1_000 }, (_, i) => sound(i + 1))]);
    const { tracks, leftOut } = selectTracks(found, ALL_TRACKS);
    expect(tracks).toHaveLength(1 + TRACKS_OF_A_KIND_MAX);
    expect(leftOut).toEqual([
      { kind: 'audio', codec: 'aac', reason: 'too_many', count: 1_000 - TRACKS_OF_A_KIND_MAX },
    ]);
  });

  it('each stream is recorded or left out, once, whatever there is', () => {
    const stream = fc.record({
      kind: fc.constantFrom<FoundKind>('video', 'audio', 'subtitle', 'data', 'attachment'),
      codec: fc.constantFrom('h264', 'aac', 'none', 'mjpeg', 'klv'),
      language: fc.option(fc.constantFrom('eng', 'de', 'und', '???'), { nil: undefined }),
      isPicture: fc.boolean(),
      width: fc.nat({ max: 4_000 }),
      height: fc.nat({ max: 4_000 }),
    });
    const programs = fc.array(fc.record({ streams: fc.array(fc.nat({ max: 30 }), { maxLength: 6 }) }), {
      maxLength: 4,
    });
    const choice = fc.oneof(fc.boolean(), fc.subarray(['deu', 'eng', 'fra'], { minLength: 1 }));
    const settings = fc.record({ video: fc.boolean(), audio: choice, subtitles: choice, data: fc.boolean() });
    fc.assert(
      fc.property(fc.array(stream, { maxLength: 40 }), programs, settings, (given, programs, settings) => {
        const streams = given.map(
          ({ language, ...one }, index): FoundStream => ({
            ...one,
            index,
            ...(language === undefined ? {} : { language }),
          }),
        );
        const { tracks, leftOut } = selectTracks({ streams, programs }, settings);
        expect(tracks.length + leftOut.reduce((sum, { count }) => sum + count, 0)).toBe(streams.length);
        expect(new Set(tracks.map(({ map }) => map)).size).toBe(tracks.length);
        expect(tracks.filter(({ stream: { kind } }) => kind === 'video').length).toBeLessThanOrEqual(1);
        const used = tracks.map(({ stream: { index } }) => index);
        const isOne = (program: { readonly streams: readonly number[] }): boolean =>
          used.every((index) => program.streams.includes(index));
        if (programs.some((program) => program.streams.length > 0)) expect(programs.some(isOne)).toBe(true);
      }),
    );
  });
});

describe('checkTracks', () => {
  it('refuses a recording of nothing', () => {
    expect(() => checkTracks({ ...ALL_TRACKS, video: false })).not.toThrow();
    expect(() => checkTracks({ ...ALL_TRACKS, video: false, audio: false })).toThrow(
      /tracks must have video or audio/,
    );
  });
});
