import { expect, it } from 'vitest';
import { FlvStreams } from '../../../../../functions/core/media/flv/streams.ts';
import { encodeAmf0 } from '../../../../../functions/core/rtmp/amf0.ts';
import { AUDIO, FLV_HEADER, type FlvTag, VIDEO, writeFlv } from '../../../../support/flvTags.ts';

const SCRIPT = 18;
/** Of 160x96, by x264. */
const SPS = '6742c00bda0a36c044000003000400000300c83c50aa80';
const avcc = (...sps: string[]): Buffer =>
  Buffer.concat([
    Buffer.from([1, 0x42, 0xc0, 0x0b, 0xff, 0xe0 | sps.length]),
    ...sps.flatMap((hex) => [Buffer.of(0, hex.length / 2), Buffer.from(hex, 'hex')]),
    Buffer.from('01000468ce0fc8', 'hex'),
  ]);

const picture = (atMs: number, body: Buffer, packet = 1): FlvTag => ({
  kind: VIDEO,
  atMs,
  body: Buffer.concat([Buffer.of(0x17, packet, 0, 0, 0), body]),
});
const sound = (atMs: number, body: Buffer, packet = 1): FlvTag => ({
  kind: AUDIO,
  atMs,
  body: Buffer.concat([Buffer.of(0xaf, packet), body]),
});
const PICTURES = picture(0, avcc(SPS), 0);
const FRAME = Buffer.from('000000026588', 'hex');
/** AAC-LC, stereo. */
const SOUND = sound(0, Buffer.from('1210', 'hex'), 0);
const script = (atMs: number, values: Parameters<typeof encodeAmf0>[0]): FlvTag => ({
  kind: SCRIPT,
  atMs,
  body: encodeAmf0(values),
});

/** Of 160x96, by x265 and libaom. */
const HVCC = Buffer.from(
  [
    '0101600000009000000000001ef000fcfdf8f800000f03200001001840010c01ffff0160000003009000000300',
    '0003001e959809210001002942010101600000030090000003000003001ea014206165959a4932bc05a0200000',
    '030020000003032122000100074401c172b46240',
  ].join(''),
  'hex',
);
const AV1C = Buffer.from('81000c000a0a00000003b4fdf36be401', 'hex');
/** Of enhanced RTMP: what it is, and the codec's four letters. */
const enhanced = (head: string, payload: Buffer): FlvTag => ({
  kind: VIDEO,
  atMs: 0,
  body: Buffer.concat([Buffer.from(head, 'latin1'), payload]),
});

function lookAt(...tags: FlvTag[]): FlvStreams {
  const streams = new FlvStreams();
  streams.push(Buffer.concat([FLV_HEADER, writeFlv(tags)]));
  return streams;
}

it('it is known as soon as a picture has come, and what sound is', () => {
  expect(lookAt(PICTURES, SOUND, sound(0, Buffer.of(1))).look).toBe('looking');
  const { look, pictures, sound: heard } = lookAt(PICTURES, SOUND, picture(0, FRAME));
  expect(look).toBe('known');
  expect(pictures).toMatchObject({ width: 160, height: 96 });
  expect(heard).toMatchObject({ sampleRateHz: 44_100, channels: 2 });
});

it.each([
  ['HEVC', 'hevc', [enhanced('\x90hvc1', HVCC), enhanced('\x91hvc1\0\0\0', FRAME)]],
  ['AV1', 'av1', [enhanced('\x90av01', AV1C), enhanced('\x91av01', FRAME)]],
  [
    'pictures of which others were announced',
    'hevc',
    [PICTURES, enhanced('\x90hvc1', HVCC), enhanced('\x93hvc1', FRAME)],
  ],
])('%s, by enhanced RTMP, are known', (_, codec, tags) => {
  const { look, pictures } = lookAt(...tags, SOUND);
  expect([look, pictures?.codec, pictures?.width, pictures?.height]).toEqual(['known', codec, 160, 96]);
});

it('what does not come is waited for as long as a demuxer looks for it, and no longer', () => {
  const until = (atMs: number): FlvStreams =>
    lookAt(PICTURES, ...Array.from({ length: atMs / 40 + 1 }, (_, n) => picture(40 * n, FRAME)));
  expect(until(2_960).look).toBe('looking');
  expect(until(3_000)).toMatchObject({ look: 'known', sound: undefined });
});

it('a stream that ends before has what has come', () => {
  const streams = lookAt(SOUND, sound(0, Buffer.of(1)));
  streams.end();
  expect(streams).toMatchObject({ look: 'known', pictures: undefined });
});

it('a stream of which nothing has come is left to ffmpeg, which says why', () => {
  const streams = lookAt(PICTURES);
  streams.end();
  expect(streams.look).toBe('other');
});

it.each<[string, FlvTag[]]>([
  ['MP3', [PICTURES, { kind: AUDIO, atMs: 0, body: Buffer.of(0x2f, 0xff, 0xfb) }]],
  [
    'HEVC without a parameter set',
    [enhanced('\x90hvc1', HVCC.subarray(0, 22)), enhanced('\x91hvc1\0\0\0', FRAME)],
  ],
  [
    'pictures of another codec than was said',
    [enhanced('\x90av01', AV1C), enhanced('\x91hvc1\0\0\0', FRAME)],
  ],
  ['AV1 whose configuration does not say its size', [enhanced('\x90av01', AV1C.subarray(0, 4))]],
  ['VP9', [enhanced('\x90vp09', Buffer.alloc(12))]],
  ['H.263', [{ kind: VIDEO, atMs: 0, body: Buffer.of(0x12, 0, 0) }]],
  ['pictures without a configuration', [picture(0, FRAME)]],
  ['sound that says itself what it is', [SOUND, sound(0, Buffer.from('fff15080017ffc', 'hex'))]],
  ['sound whose rate may be twice as much', [sound(0, Buffer.from('1310', 'hex'), 0)]],
  ['sound with band replication', [sound(0, Buffer.from('2b920800', 'hex'), 0)]],
  ['sound whose channels are listed', [sound(0, Buffer.from('1200', 'hex'), 0)]],
  ['a configuration that is cut off', [picture(0, avcc(SPS).subarray(0, 12), 0)]],
  ['pictures of two sizes', [picture(0, avcc(SPS, SPS), 0)]],
])('%s is left to ffmpeg at once', (_, tags) => {
  expect(lookAt(...tags).look).toBe('other');
});

it('metadata say how long it is, and are no text; what else a script says is', () => {
  const lasting = script(0, ['onMetaData', new Map([['duration', 12.5]])]);
  expect(lookAt(lasting)).toMatchObject({ durationMs: 12_500, hasText: false });
  expect(lookAt(script(0, ['onMetaData', new Map([['duration', Number.NaN]])])).durationMs).toBe(0);
  expect(lookAt(script(40, ['onCaption', 'words']))).toMatchObject({ durationMs: 0, hasText: true });
});
