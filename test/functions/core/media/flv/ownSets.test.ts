import { expect, it } from 'vitest';
import { FlvCutter } from '../../../../../functions/core/media/flv/cutter.ts';
import { FlvStreams } from '../../../../../functions/core/media/flv/streams.ts';
import { sampleOf } from '../../../../../functions/core/media/nal/units.ts';
import { type FlvTag, flvTags, isMedia, VIDEO } from '../../../../support/flvTags.ts';
import { flv, runsOf } from '../cutRuns.ts';

/** Of 160x96, by x264 and x265: parameter sets, a picture that is made of no others, and one that is. */
const H264 = {
  sets: ['6742c00bda0a36c044000003000400000300c83c50aa80', '68ce0fc8'],
  pictures: ['6588', '419a'],
  head: (isKey: boolean) => Buffer.of(isKey ? 0x17 : 0x27, 1, 0, 0, 0),
};
const HEVC = {
  sets: [
    '40010c01ffff01600000030090000003000003001e959809',
    '42010101600000030090000003000003001ea014206165959a4932bc05a02000000300200000030321',
    '4401c172b46240',
  ],
  pictures: ['2801ac75', '0201d019'],
  head: (isKey: boolean) => Buffer.concat([Buffer.of(isKey ? 0x91 : 0xa1), Buffer.from('hvc1\0\0\0')]),
};

type Codec = typeof H264;
const picture = ({ head }: Codec, atMs: number, isKey: boolean, ...units: string[]): FlvTag => ({
  kind: VIDEO,
  atMs,
  body: Buffer.concat([head(isKey), sampleOf(units.map((unit) => Buffer.from(unit, 'hex')))]),
});

it.each([
  ['H.264', H264],
  ['HEVC', HEVC],
])('%s that comes without a configuration has that of its first keyframe that brings one', (_, codec) => {
  const { sets, pictures } = codec;
  const [key = '', other = ''] = pictures;
  const sent = [
    picture(codec, 0, false, other),
    picture(codec, 40, true, key),
    picture(codec, 80, true, ...sets, key),
    picture(codec, 120, false, other),
    picture(codec, 160, true, ...sets, key),
  ];
  const runs = runsOf(new FlvCutter(), [flv(sent)]);
  const [given = []] = runs.map((run) => flvTags(run).filter(isMedia));
  expect(runs).toHaveLength(1);
  expect(given.map(({ atMs }) => atMs)).toEqual([80, 80, 120, 160]);
  expect(given.slice(1)).toEqual(sent.slice(2));
  const streams = new FlvStreams();
  streams.push(runs[0] ?? Buffer.alloc(0));
  streams.end();
  expect(streams).toMatchObject({ look: 'known', pictures: { width: 160, height: 96 } });
});

it('a picture of 256 bytes and more is not taken for one that says itself what it is', () => {
  const long = picture(H264, 0, true, `65${'88'.repeat(0x140 - 1)}`);
  expect(runsOf(new FlvCutter(), [flv([long])]).flatMap(flvTags)).toEqual([]);
  const marked = Buffer.concat([H264.head(true), Buffer.from(`000001${H264.sets[0]}000001658840`, 'hex')]);
  const own = { kind: VIDEO, atMs: 0, body: marked };
  expect(runsOf(new FlvCutter(), [flv([own])]).flatMap(flvTags)).toEqual([own]);
});
