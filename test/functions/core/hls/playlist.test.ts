import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAttributes } from '../../../../functions/core/hls/attributes.ts';
import { parsePlaylist } from '../../../../functions/core/hls/parsePlaylist.ts';
import {
  looksLikePlaylist,
  type MediaPlaylist,
  type MultivariantPlaylist,
  NotPlaylistError,
  PlaylistError,
} from '../../../../functions/core/hls/playlist.ts';

const text = (...lines: readonly string[]): string => ['#EXTM3U', ...lines, ''].join('\n');
const media = (...lines: readonly string[]): MediaPlaylist => {
  const playlist = parsePlaylist(text('#EXT-X-TARGETDURATION:4', ...lines));
  if (playlist.kind !== 'media') throw new Error('not a media playlist');
  return playlist;
};
const multivariant = (...lines: readonly string[]): MultivariantPlaylist => {
  const playlist = parsePlaylist(text(...lines));
  if (playlist.kind !== 'multivariant') throw new Error('not a multivariant playlist');
  return playlist;
};

describe('a media playlist', () => {
  it('has segments with all that is said of them', () => {
    const playlist = media(
      '#EXT-X-MEDIA-SEQUENCE:7',
      '#EXT-X-MAP:URI="init.mp4",BYTERANGE="100@20"',
      '#EXT-X-PROGRAM-DATE-TIME:2026-11-28T02:00:00.000Z',
      '#EXTINF:4.004,title, with a comma',
      'a.m4s',
      '#EXT-X-KEY:METHOD=AES-128,URI="key?a=1,2",IV=0x0102',
      '#EXTINF:2,',
      'b.m4s',
      '#EXT-X-DISCONTINUITY',
      '#EXT-X-GAP',
      '#EXT-X-KEY:METHOD=NONE',
      '#EXTINF:3',
      'c.m4s',
      '#EXT-X-ENDLIST',
    );
    const dateMs = Date.UTC(2026, 10, 28, 2);
    const init = { uri: 'init.mp4', range: { offset: 20, bytes: 100 }, key: undefined };
    const usual = { range: undefined, isDiscontinuity: false, isGap: false, init, key: undefined };
    expect(playlist).toEqual({
      kind: 'media',
      targetMs: 4_000,
      isEnded: true,
      segments: [
        { ...usual, sequence: 7n, uri: 'a.m4s', durationMs: 4_004, dateMs },
        {
          ...usual,
          sequence: 8n,
          uri: 'b.m4s',
          durationMs: 2_000,
          dateMs: dateMs + 4_004,
          key: {
            method: 'AES-128',
            uri: 'key?a=1,2',
            iv: Buffer.from('00000000000000000000000000000102', 'hex'),
          },
        },
        {
          ...usual,
          sequence: 9n,
          uri: 'c.m4s',
          durationMs: 3_000,
          dateMs: dateMs + 6_004,
          isDiscontinuity: true,
          isGap: true,
        },
      ],
    });
  });

  it('counts byte ranges without an offset from the one before in the same file', () => {
    const ranges = media(
      ...['#EXT-X-BYTERANGE:10@5', '#EXTINF:1,', 'a.ts', '#EXT-X-BYTERANGE:20', '#EXTINF:1,', 'a.ts'],
      ...['#EXT-X-BYTERANGE:30', '#EXTINF:1,', 'b.ts', '#EXTINF:1,', 'c.ts'],
    ).segments.map(({ range }) => range);
    expect(ranges).toEqual([
      { offset: 5, bytes: 10 },
      { offset: 15, bytes: 20 },
      { offset: 0, bytes: 30 },
      undefined,
    ]);
  });

  it('takes the key of plain bytes where there are several, and says which one it cannot use', () => {
    const drm = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://a",KEYFORMAT="com.apple.streamingkeydelivery"';
    const plain = '#EXT-X-KEY:METHOD=AES-128,URI="k"';
    const keyOf = (...tags: readonly string[]): string | undefined =>
      media(...tags, '#EXTINF:1,', 'a.ts').segments[0]?.key?.method;
    expect(keyOf(drm, plain)).toBe('AES-128');
    expect(keyOf(plain, drm)).toBe('AES-128');
    expect(keyOf(drm)).toBe('SAMPLE-AES');
  });

  it.each([
    ['-5', -5n],
    ['18446744073709551615', 18_446_744_073_709_551_615n],
    ['170000000000000001', 170_000_000_000_000_001n],
    ['1e9', 0n],
    ['9'.repeat(400), 0n],
    ['', 0n],
  ])('that counts from %s counts from %s', (said, sequence) => {
    const { segments } = media(`#EXT-X-MEDIA-SEQUENCE:${said}`, '#EXTINF:1,', 'a.ts', '#EXTINF:1,', 'b.ts');
    expect(segments.map((segment) => segment.sequence)).toEqual([sequence, sequence + 1n]);
  });

  it.each(['-1', 'NaN', '1e400', '', 'Infinity', '99999999999'])('has no segment of %s seconds', (said) => {
    const [segment] = media(`#EXTINF:${said},`, 'a.ts').segments;
    expect(segment?.durationMs).toBeGreaterThanOrEqual(0);
    expect(segment?.durationMs).toBeLessThanOrEqual(3_600_000);
  });

  it('of low latency is read by its whole segments', () => {
    const { segments } = media(
      '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1',
      '#EXT-X-PART-INF:PART-TARGET=0.33',
      '#EXT-X-PART:DURATION=0.33,URI="a.0.m4s"',
      '#EXTINF:1,',
      'a.m4s',
      '#EXT-X-PART:DURATION=0.33,URI="b.0.m4s"',
      '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="b.1.m4s"',
      '#EXT-X-RENDITION-REPORT:URI="x"',
    );
    expect(segments.map(({ uri }) => uri)).toEqual(['a.m4s']);
  });

  it('says the same with other line ends, a byte order mark and blanks', () => {
    const lines = ['#EXTM3U', '#EXT-X-TARGETDURATION:4', '#EXTINF:4,', 'a.ts', '#EXT-X-ENDLIST'];
    const plain = parsePlaylist(lines.join('\n'));
    expect(parsePlaylist(`\uFEFF${lines.join('\r\n')}`)).toEqual(plain);
    expect(parsePlaylist(`${lines.join('\r')}\r`)).toEqual(plain);
    expect(parsePlaylist(`\n  ${lines.join(' \n\n ')}\n\n`)).toEqual(plain);
  });

  it('is never anything else than a playlist or a refusal, whatever is in it', () => {
    const tag = fc.constantFrom(
      ...['#EXTINF:', '#EXT-X-KEY:', '#EXT-X-MAP:', '#EXT-X-BYTERANGE:', '#EXT-X-STREAM-INF:', '#EXT-X-GAP'],
      ...[
        '#EXT-X-MEDIA-SEQUENCE:',
        '#EXT-X-MEDIA:',
        '#EXT-X-PROGRAM-DATE-TIME:',
        '#EXT-X-TARGETDURATION:',
        '',
      ],
    );
    const line = fc
      .tuple(tag, fc.oneof(fc.string(), fc.constant('URI="a",METHOD=AES-128,IV=0xZZ')))
      .map(([a, b]) => a + b);
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        try {
          const playlist = parsePlaylist(text(...lines));
          if (playlist.kind !== 'media') return;
          for (const { durationMs, uri } of playlist.segments) {
            expect(durationMs >= 0 && durationMs <= 3_600_000).toBe(true);
            expect(uri).not.toBe('');
          }
        } catch (error) {
          expect(error).toBeInstanceOf(PlaylistError);
        }
      }),
    );
  });
});

describe('a multivariant playlist', () => {
  it('has variants and their sound', () => {
    const playlist = multivariant(
      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",LANGUAGE="en",DEFAULT=YES,URI="en.m3u8"',
      '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="English",URI="s.m3u8"',
      '#EXT-X-STREAM-INF:BANDWIDTH=1280000,RESOLUTION=640x360,FRAME-RATE=29.97,CODECS="avc1.4d401e,mp4a.40.2",AUDIO="a"',
      'mid.m3u8',
      '#EXT-X-STREAM-INF:PROGRAM-ID=1,BANDWIDTH=x',
      'other.m3u8',
      '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="i.m3u8"',
    );
    expect(playlist.variants).toEqual([
      {
        uri: 'mid.m3u8',
        bandwidth: 1_280_000,
        width: 640,
        height: 360,
        framesPerSecond: 29.97,
        codecs: ['avc1.4d401e', 'mp4a.40.2'],
        audioGroup: 'a',
      },
      {
        uri: 'other.m3u8',
        bandwidth: 0,
        width: 0,
        height: 0,
        framesPerSecond: 0,
        codecs: [],
        audioGroup: undefined,
      },
    ]);
    expect(playlist.audio).toEqual([
      { group: 'a', uri: 'en.m3u8', name: 'English', language: 'en', isDefault: true },
    ]);
  });
});

describe('what is no playlist', () => {
  it.each([
    ['a page', '<html>'],
    ['nothing', ''],
    ['a list of radio stations', '#EXTM3U\n#EXTINF:-1,Radio\nhttp://radio.example/stream.mp3\n'],
    ['segments without the first line', '#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n'],
  ])('as %s, is refused', (_what, body) => {
    expect(() => parsePlaylist(body)).toThrow(NotPlaylistError);
  });

  it('as a list of addresses, says so', () => {
    const stations = '#EXTM3U\n#EXTINF:-1,Radio\nhttp://radio.example/stream.mp3\n';
    expect(() => parsePlaylist(stations)).toThrow(/a list of addresses \(M3U\)/);
  });

  it.each([
    ['keyframes alone', '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="i.m3u8"'],
    ['renditions alone', '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="a.m3u8"'],
  ])('is one of variants that has %s', (_what, line) => {
    expect(() => parsePlaylist(text(line))).toThrow('no variant that can be recorded');
  });

  it('is a list of more segments than there can be', () => {
    const body = `#EXTM3U\n#EXT-X-TARGETDURATION:1\n${'#EXTINF:1,\na\n'.repeat(200_001)}`;
    expect(() => parsePlaylist(body)).toThrow('more than 200000 entries');
  });

  it('is known by its first bytes', () => {
    expect(looksLikePlaylist(Buffer.from('\uFEFF#EXTM3U\n'))).toBe(true);
    expect(looksLikePlaylist(Buffer.from('FLV\x01'))).toBe(false);
  });
});

describe('parseAttributes', () => {
  it('gives back what was written', () => {
    const name = fc.stringMatching(/^[A-Z][A-Z0-9-]{0,10}$/);
    const value = fc.stringMatching(/^[^"\n\r]{0,20}$/);
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key }), (pairs) => {
        const written = pairs.map(([key, said]) => `${key}="${said}"`).join(',');
        expect([...parseAttributes(written)]).toEqual(pairs);
      }),
    );
  });

  it('leaves out what is malformed, and takes what follows', () => {
    expect([...parseAttributes('x y,A=1,=2,B="3",C')]).toEqual([
      ['A', '1'],
      ['B', '3'],
    ]);
  });
});
