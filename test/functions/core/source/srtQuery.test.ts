import { expect, it } from 'vitest';
import { srtQuery } from '../../../../functions/core/source/srtQuery.ts';

it.each([
  ['', '', []],
  ['?latency=200000&mode=caller', '?latency=200000&mode=caller', []],
  [
    '?streamid=#!::r=live/cam,m=request&latency=1',
    '?latency=1',
    ['-srt_streamid', '#!::r=live/cam,m=request'],
  ],
  ['/?streamid=%23!::r=live%2Fcam%26x', '/', ['-srt_streamid', '#!::r=live/cam&x']],
  ['?srt_streamid=100%&pbkeylen=16', '?pbkeylen=16', ['-srt_streamid', '100%']],
  ['?passphrase=a%2Bb+c%2F%3D==&streamid=', '', ['-passphrase', 'a+b+c/===', '-srt_streamid', '']],
  ['?passphrase', '', ['-passphrase', '']],
])('of %j %j stays, and ffmpeg is told %j', (query, rest, options) => {
  expect(srtQuery(query)).toEqual({ rest, options });
});
