import { describe, expect, it } from 'vitest';
import { hasCome, hasEnd } from '../../../container/source/finiteness.ts';

const MP4 = 'mov,mp4,m4a,3gp,3g2,mj2';

describe('what has an end', () => {
  it.each([
    ['https://h/list.m3u8', 'hls', 60_000, true],
    ['https://h/list.m3u8', 'hls', 0, false],
    ['http://h/film.mp4', MP4, 60_000, true],
    ['http://h/film.mp4', MP4, 0, false],
    // A publisher's metadata.
    ['rtmp://h/live/key', 'flv', 60_000, false],
    ['rtsp://h/camera', 'rtsp', 60_000, false],
    ['srt://h:9000', 'mpegts', 60_000, false],
    ['http://h/live.flv', 'flv', 60_000, false],
  ])('%s, %s of %i ms: %s', (url, demuxer, durationMs, expected) => {
    expect(hasEnd(url, { demuxer, durationMs })).toBe(expected);
  });

  it('an FLV file over HTTP has come when as much has come as it says', () => {
    const flv = { demuxer: 'flv', durationMs: 60_000 };
    expect(hasCome('http://h/film.flv', flv, 59_960)).toBe(true);
    expect(hasCome('http://h/live.flv', flv, 8_000)).toBe(false);
    expect(hasCome('http://h/live.flv', { demuxer: 'flv', durationMs: 0 }, 8_000)).toBe(false);
    expect(hasCome('rtmp://h/live/key', flv, 60_000)).toBe(false);
  });
});
