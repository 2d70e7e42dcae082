import { describe, expect, it } from 'vitest';
import { parsePlaylist } from '../../../../functions/core/hls/parsePlaylist.ts';
import type { MediaSegment } from '../../../../functions/core/hls/playlist.ts';
import type { VariableSources } from '../../../../functions/core/hls/variables.ts';

function segmentOf(lines: readonly string[], sources: VariableSources = {}): MediaSegment | undefined {
  const playlist = parsePlaylist(['#EXTM3U', '#EXT-X-TARGETDURATION:4', ...lines].join('\n'), sources);
  return playlist.kind === 'media' ? playlist.segments[0] : undefined;
}
const uriOf = (definition: string, uri: string, sources?: VariableSources): string | undefined =>
  segmentOf([`#EXT-X-DEFINE:${definition}`, '#EXTINF:4,', uri], sources)?.uri;

describe('a variable of a playlist', () => {
  it('stands for its value in addresses and in what tags say', () => {
    const segment = segmentOf([
      '#EXT-X-DEFINE:NAME="host",VALUE="https://cdn.example"',
      '#EXT-X-DEFINE:NAME="root",VALUE="{$host}/live"',
      '#EXT-X-KEY:METHOD=AES-128,URI="{$root}/key"',
      '#EXTINF:4,',
      '{$root}/a.ts?{$host}',
    ]);
    expect(segment?.uri).toBe('https://cdn.example/live/a.ts?https://cdn.example');
    expect(segment?.key?.uri).toBe('https://cdn.example/live/key');
  });

  it('comes out of the query of the address', () => {
    const url = 'https://packager.example/a.m3u8?xtoken=no&token=a%2Fb=c#token=none';
    expect(uriOf('QUERYPARAM="token"', 'a.ts?t={$token}', { url })).toBe('a.ts?t=a%2Fb=c');
    expect(uriOf('QUERYPARAM="key"', 'a.ts?t={$key}', { url })).toBe('a.ts?t={$key}');
  });

  it('comes out of the playlist of variants, where that is asked for', () => {
    const master = parsePlaylist(
      ['#EXTM3U', '#EXT-X-DEFINE:NAME="d",VALUE="x"', '#EXT-X-STREAM-INF:BANDWIDTH=1', '{$d}.m3u8'].join(
        '\n',
      ),
    );
    if (master.kind !== 'multivariant') throw new Error('not a multivariant playlist');
    expect(master.variants.map(({ uri }) => uri)).toEqual(['x.m3u8']);
    const imported = master.variables;
    expect(uriOf('IMPORT="d"', '{$d}/a.ts', { imported })).toBe('x/a.ts');
    expect(uriOf('NAME="e",VALUE="y"', '{$d}{$e}/a.ts', { imported })).toBe('{$d}y/a.ts');
  });

  it('is not made of itself without end', () => {
    const twice = Array.from({ length: 40 }, () => '#EXT-X-DEFINE:NAME="a",VALUE="{$a}{$a}"');
    expect(() => segmentOf(['#EXT-X-DEFINE:NAME="a",VALUE="xx"', ...twice])).toThrow('far too long');
  });
});
