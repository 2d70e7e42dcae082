import { expect, it } from 'vitest';
import { type Headers, type PassedOn, SaidOnce } from '../../../../infra/local/ingest/saidOnce.ts';
import { AUDIO, VIDEO } from '../../../support/flvTags.ts';

const ex = (head: string, fourCc: string, rest = ''): Buffer =>
  Buffer.concat([Buffer.from(head, 'hex'), Buffer.from(fourCc), Buffer.from(rest, 'hex')]);
/** One track each: packet type, letters, its number. */
const AVC_START = ex('9600', 'avc1', '0001');
const SECOND_START = ex('9600', 'avc1', '0102');
const SECOND_KEY = ex('9601', 'avc1', '01000000aa');
const KEY = ex('9601', 'avc1', '00000000aa');
const INTER = ex('a601', 'avc1', '00000000aa');
const MODIFIED_START = ex('9702 000005 00'.replaceAll(' ', ''), 'hvc1', '01');
const MODIFIED_KEY = ex('9702 000005 01'.replaceAll(' ', ''), 'hvc1', '000000aa');
const HEVC_START = Buffer.from('1c00000000aa', 'hex');
const HEVC_KEY = Buffer.from('1c01000000aa', 'hex');
const COLOUR = ex('94', 'hvc1', '02');
const AAC_START = Buffer.from('af001210', 'hex');
const AAC = Buffer.from('af0121', 'hex');
const TRACKS_OF_SOUND = ex('9500', 'mp4a', '01');
const LAYOUT = ex('94', 'mp4a', '0102');

/** As node-media-server does it: keeps what is flagged, and one of each. */
function sent(bodies: readonly (readonly [kind: number, body: Buffer])[]) {
  const headers: Headers = { rtmpAudioHeader: null, rtmpVideoHeader: null };
  const once = new SaidOnce();
  const flags = bodies.map(([kind, body]) => {
    // Its buffers are longer than what they hold.
    const data = Buffer.concat([body, Buffer.alloc(7, 0xff)]);
    const packet: PassedOn = { codec_type: kind, flags: 0, data, size: body.length };
    once.passOn(packet, headers, () => {
      if (packet.flags === 0) headers.rtmpAudioHeader = body;
      if (packet.flags === 2) headers.rtmpVideoHeader = body;
    });
    return packet.flags;
  });
  return { flags, headers };
}

it('keeps the configuration of each track for who joins later, and caches from the first one’s keyframe', () => {
  const { flags, headers } = sent([
    [VIDEO, AVC_START],
    [VIDEO, SECOND_START],
    [AUDIO, AAC_START],
    [AUDIO, TRACKS_OF_SOUND],
    [VIDEO, KEY],
    [VIDEO, SECOND_KEY],
    [AUDIO, AAC],
    [VIDEO, INTER],
    [VIDEO, SECOND_START],
  ]);
  expect(flags).toEqual([2, 2, 0, 0, 3, 4, 1, 4, 2]);
  expect(headers.rtmpVideoHeader).toEqual(Buffer.concat([AVC_START, SECOND_START]));
  expect(headers.rtmpAudioHeader).toEqual(Buffer.concat([AAC_START, TRACKS_OF_SOUND]));
});

it('knows what enhanced RTMP says with modifiers, of colours and of channels, and HEVC as the twelfth codec', () => {
  const modified = sent([
    [VIDEO, MODIFIED_START],
    [VIDEO, COLOUR],
    [VIDEO, MODIFIED_KEY],
    [AUDIO, LAYOUT],
  ]);
  expect(modified.flags).toEqual([2, 2, 3, 0]);
  expect(modified.headers.rtmpVideoHeader).toEqual(Buffer.concat([MODIFIED_START, COLOUR]));
  const before = sent([
    [VIDEO, HEVC_START],
    [VIDEO, HEVC_KEY],
  ]);
  expect(before.flags).toEqual([2, 3]);
  expect(before.headers.rtmpVideoHeader).toEqual(HEVC_START);
});

it('leaves what is empty, and metadata, as they are', () => {
  const headers: Headers = { rtmpAudioHeader: null, rtmpVideoHeader: null };
  let passed = 0;
  for (const [codec_type, body] of [
    [VIDEO, Buffer.of(0x17)],
    [18, Buffer.from('metadata')],
  ] as const)
    new SaidOnce().passOn({ codec_type, flags: 5, data: body, size: body.length }, headers, () => {
      passed += 1;
    });
  expect(passed).toBe(2);
});
