import { describe, expect, it } from 'vitest';
import { streamsOfSdp } from '../../../../functions/core/source/sdp.ts';

const HEAD = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=camera\r\nt=0 0\r\na=control:*\r\n';
const H264 = 'm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n';

describe('streamsOfSdp', () => {
  it.each([
    ['m=audio 0 RTP/AVP 8\r\na=control:track2\r\n', 'pcm_alaw', 8_000],
    ['m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n', 'pcm_mulaw', 8_000],
    [
      'm=audio 0 RTP/AVP 97\r\na=fmtp:97 mode=AAC-hbr\r\na=rtpmap:97 mpeg4-generic/44100/2\r\n',
      'aac',
      44_100,
    ],
    ['m=audio 0 RTP/SAVP 111\na=rtpmap:111 opus/48000/2\n', 'opus', 48_000],
    ['m=audio 0 RTP/AVP 98\r\na=rtpmap:98 G726-32/8000\r\n', 'g726-32', 8_000],
  ])('reads what a camera announces: %j', (audio, codec, sampleRateHz) => {
    expect(streamsOfSdp(HEAD + H264 + audio)).toEqual([
      { index: 0, kind: 'video', codec: 'h264' },
      { index: 1, kind: 'audio', codec, sampleRateHz },
    ]);
  });

  it("takes a camera's metadata for what they are", () => {
    const metadata = 'm=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n';
    const kinds = streamsOfSdp(HEAD + metadata + H264)?.map(({ kind }) => kind);
    expect(kinds).toEqual(['data', 'video']);
  });

  it('takes sound alone, and pictures alone', () => {
    expect(streamsOfSdp(`${HEAD}m=video 0 RTP/AVP 26\r\n`)).toEqual([
      { index: 0, kind: 'video', codec: 'mjpeg' },
    ]);
    expect(streamsOfSdp(`${HEAD}m=audio 0 RTP/AVP 0\r\n`)?.map(({ kind }) => kind)).toEqual(['audio']);
  });

  it.each([
    ['nothing', ''],
    ['a transport stream', `${HEAD}m=video 0 RTP/AVP 33\r\n`],
    ['a type that nobody describes', `${HEAD}${H264}m=audio 0 RTP/AVP 99\r\n`],
  ])('leaves to ffmpeg: %s', (_what, sdp) => {
    expect(streamsOfSdp(sdp)).toBeUndefined();
  });
});
