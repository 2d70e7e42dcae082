import { describe, expect, it } from 'vitest';
import { withFirstFormats } from '../../../../functions/core/source/sdpFormats.ts';

const PICTURES = [
  ...['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=fmtp:96 packetization-mode=1', 'a=rtcp-fb:* nack'],
  'a=control:track0',
];
const text = (...lines: readonly string[]): string => ['v=0', 's=cam', ...lines, ''].join('\r\n');

describe('a session description', () => {
  it('keeps the first format of each medium, and what is said of it', () => {
    const sound = [
      ...['m=audio 0 RTP/AVP 0 8 101', 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:8 PCMA/8000', 'a=ptime:20'],
      ...['a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-16', 'a=control:track1'],
    ];
    const kept = ['m=audio 0 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=ptime:20', 'a=control:track1'];
    expect(withFirstFormats(text(...sound, ...PICTURES))).toBe(text(...kept, ...PICTURES));
    expect(withFirstFormats(text(...PICTURES, ...sound))).toBe(text(...PICTURES, ...kept));
  });

  it('is the same where there is one of each, whatever ends its lines', () => {
    for (const sdp of [text(...PICTURES), text(...PICTURES).replaceAll('\r\n', '\n'), '', 'no description'])
      expect(withFirstFormats(sdp)).toBe(sdp);
  });

  it('keeps its line ends', () => {
    const sdp = 'm=audio 0 RTP/AVP 0 13\na=rtpmap:13 CN/8000\na=x\n';
    expect(withFirstFormats(sdp)).toBe('m=audio 0 RTP/AVP 0\na=x\n');
  });
});
