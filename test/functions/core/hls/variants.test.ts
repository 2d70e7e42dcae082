import { describe, expect, it } from 'vitest';
import type { AudioRendition, Variant } from '../../../../functions/core/hls/playlist.ts';
import { rankVariants, soundsOf, type VariantRule } from '../../../../functions/core/hls/variants.ts';
import type { TrackSettings } from '../../../../functions/core/settings/tracks.ts';

const variant = (uri: string, facts: Partial<Variant> = {}): Variant => ({
  uri,
  bandwidth: 0,
  width: 0,
  height: 0,
  framesPerSecond: 0,
  codecs: [],
  audioGroup: undefined,
  ...facts,
});
const BEST: VariantRule = { prefer: 'best' };
const ranked = (
  variants: readonly Variant[],
  rule: VariantRule = BEST,
  audio: AudioRendition[] = [],
): string[] =>
  rankVariants({ kind: 'multivariant', variants, audio, subtitles: 0, variables: new Map() }, rule).map(
    ({ uri }) => uri,
  );

const LADDER = [
  variant('180p', { bandwidth: 200_000, width: 320, height: 180 }),
  variant('720p50', { bandwidth: 3_000_000, width: 1280, height: 720, framesPerSecond: 50 }),
  variant('720p25', { bandwidth: 3_500_000, width: 1280, height: 720, framesPerSecond: 25 }),
  variant('360p', { bandwidth: 800_000, width: 640, height: 360 }),
];

describe('the variants of a source', () => {
  it('are tried from the best down', () => {
    expect(ranked(LADDER)).toEqual(['720p50', '720p25', '360p', '180p']);
  });

  it('are told by their bandwidth where nothing else is said', () => {
    expect(ranked([variant('low', { bandwidth: 1 }), variant('high', { bandwidth: 2 })])).toEqual([
      'high',
      'low',
    ]);
  });

  it('are tried from the smallest up', () => {
    expect(ranked(LADDER, { prefer: 'smallest' })).toEqual(['180p', '360p', '720p25', '720p50']);
  });

  it('stay within limits, and beyond them come closest', () => {
    expect(ranked(LADDER, { prefer: 'best', maxHeight: 400 })[0]).toBe('360p');
    expect(ranked(LADDER, { prefer: 'best', maxBandwidth: 3_200_000 })[0]).toBe('720p50');
    expect(ranked(LADDER, { prefer: 'best', maxHeight: 90 })[0]).toBe('180p');
  });

  it('with a picture come before sound alone, and with sound before a silent picture', () => {
    const audio = variant('audio', { bandwidth: 9_000_000, codecs: ['mp4a.40.2'] });
    const silent = variant('silent', { width: 1920, height: 1080, codecs: ['avc1.640028'] });
    const whole = variant('whole', { width: 640, height: 360, codecs: ['avc1.4d401e', 'mp4a.40.2'] });
    expect(ranked([audio, silent, whole])).toEqual(['whole', 'silent', 'audio']);
    expect(ranked([audio, silent, whole], { prefer: 'smallest' })).toEqual(['whole', 'silent', 'audio']);
    expect(ranked([silent, { ...silent, uri: 'grouped', audioGroup: 'a' }])[0]).toBe('grouped');
  });
});

describe('the sound of a variant', () => {
  const rendition = (name: string, facts: Partial<AudioRendition> = {}): AudioRendition => ({
    group: 'a',
    uri: `${name}.m3u8`,
    name,
    language: undefined,
    isDefault: false,
    ...facts,
  });
  const uris = (
    audio: AudioRendition[],
    audioGroup: string | undefined = 'a',
    asked: TrackSettings['audio'] = true,
  ): (string | undefined)[] => {
    const { isInside, renditions } = soundsOf({ audio }, { audioGroup }, asked);
    return [...(isInside ? [undefined] : []), ...renditions.map(({ uri }) => uri)];
  };

  it('is all of its group, the default one first', () => {
    expect(uris([rendition('de'), rendition('en', { isDefault: true })])).toEqual(['en.m3u8', 'de.m3u8']);
    expect(uris([rendition('de'), rendition('en')])).toEqual(['de.m3u8', 'en.m3u8']);
    expect(uris([rendition('x', { group: 'b' }), rendition('en')])).toEqual(['en.m3u8']);
    expect(uris([rendition('de'), rendition('de')])).toEqual(['de.m3u8']);
  });

  it('is in the variant where nothing else is said', () => {
    expect(uris([rendition('en', { uri: undefined, isDefault: true }), rendition('de')])).toEqual([
      undefined,
      'de.m3u8',
    ]);
    expect(uris([rendition('en')], 'b')).toEqual([undefined]);
    expect(uris([])).toEqual([undefined]);
  });

  it('is of the languages asked for, and else the default one', () => {
    const audio = [
      rendition('de', { language: 'de-CH' }),
      rendition('en', { language: 'en', isDefault: true }),
      rendition('fr', { language: 'fra' }),
    ];
    expect(uris(audio, 'a', ['deu', 'fr'])).toEqual(['de.m3u8', 'fr.m3u8']);
    expect(uris(audio, 'a', ['ja'])).toEqual(['en.m3u8']);
    expect(uris(audio, 'a', false)).toEqual([]);
    expect(soundsOf({ audio }, { audioGroup: 'a' }, ['de']).leftOut).toEqual([
      { kind: 'audio', codec: 'none', reason: 'not_asked_for', count: 2 },
    ]);
  });

  it('of a thousand renditions is eight', () => {
    const audio = Array.from({ length: 1_000 }, (_, i) => rendition(`r${i}`));
    const { renditions, leftOut } = soundsOf({ audio }, { audioGroup: 'a' }, true);
    expect(renditions).toHaveLength(8);
    expect(leftOut).toEqual([{ kind: 'audio', codec: 'none', reason: 'too_many', count: 992 }]);
  });
});
