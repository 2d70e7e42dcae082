import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlvCutter } from '../../../../functions/core/media/flv/cutter.ts';
import { FLV_HEADER, type FlvTag, flvTags, writeFlv } from '../../../support/flvTags.ts';
import { AUDIO, byTime, configuration, flv, picture, runsOf, sound, times, VIDEO } from './cutRuns.ts';

const ONE_TRACK = 0;
const MANY_TRACKS = 1;
const MANY_CODECS = 2;
const MULTITRACK: Readonly<Record<number, number>> = { [AUDIO]: 5, [VIDEO]: 6 };
const MODIFIER = 7;
/** A timestamp's nanoseconds, behind three bytes of them. */
const NANOSECONDS = Buffer.from([2, 0, 0, 5]);

interface Packet {
  readonly type: number;
  readonly fourCc: string;
  readonly payload: Buffer;
}

/** What a tag of H.264 or AAC says, as enhanced RTMP has it. */
function packetOf({ kind, body }: FlvTag): Packet {
  const type = body[1] ?? 0;
  if (kind === AUDIO) return { type, fourCc: 'mp4a', payload: body.subarray(2) };
  return { type, fourCc: 'avc1', payload: body.subarray(type === 1 ? 2 : 5) };
}

const headOf = ({ kind, body }: FlvTag, type: number): number =>
  kind === AUDIO ? 0x90 | type : 0x80 | ((body[0] ?? 0) & 0x70) | type;
const sized = (payload: Buffer): Buffer => {
  const size = Buffer.alloc(3);
  size.writeUIntBE(payload.length, 0, 3);
  return Buffer.concat([size, payload]);
};
const oneTrack = (tag: FlvTag, track: number, packet = packetOf(tag)): FlvTag => ({
  ...tag,
  body: Buffer.concat([
    Buffer.of(headOf(tag, MULTITRACK[tag.kind] ?? 0), (ONE_TRACK << 4) | packet.type),
    Buffer.from(packet.fourCc),
    Buffer.of(track),
    packet.payload,
  ]),
});

/** Ways to say the same. */
const FORMS: Readonly<Record<string, (tag: FlvTag) => FlvTag>> = {
  'as before': (tag) => tag,
  'with the sign of its codec': (tag) => {
    const { type, fourCc, payload } = packetOf(tag);
    return { ...tag, body: Buffer.concat([Buffer.of(headOf(tag, type)), Buffer.from(fourCc), payload]) };
  },
  'without an offset': (tag) => {
    if (tag.kind === AUDIO || tag.body[1] !== 1) return tag;
    return {
      ...tag,
      body: Buffer.concat([Buffer.of(headOf(tag, 3)), Buffer.from('avc1'), tag.body.subarray(5)]),
    };
  },
  'with nanoseconds': (tag) => {
    const { type, fourCc, payload } = packetOf(tag);
    const head = Buffer.concat([Buffer.of(headOf(tag, MODIFIER)), NANOSECONDS, Buffer.of(type)]);
    return { ...tag, body: Buffer.concat([head, Buffer.from(fourCc), payload]) };
  },
  'with a long modifier': (tag) => {
    const { type, fourCc, payload } = packetOf(tag);
    const modifier = Buffer.concat([Buffer.of(0xff, 0x01, 0x2b), Buffer.alloc(300, 7), Buffer.of(type)]);
    return {
      ...tag,
      body: Buffer.concat([Buffer.of(headOf(tag, MODIFIER)), modifier, Buffer.from(fourCc), payload]),
    };
  },
  'as the only one of several tracks': (tag) => oneTrack(tag, 0),
  'behind another track': (tag) => {
    const { type, fourCc, payload } = packetOf(tag);
    const head = Buffer.of(headOf(tag, MULTITRACK[tag.kind] ?? 0), (MANY_TRACKS << 4) | type);
    const other = Buffer.concat([Buffer.of(3), sized(Buffer.from('another'))]);
    const own = Buffer.concat([Buffer.of(0), sized(payload)]);
    return { ...tag, body: Buffer.concat([head, Buffer.from(fourCc), other, own]) };
  },
  'before a track of another codec': (tag) => {
    const { type, fourCc, payload } = packetOf(tag);
    const head = Buffer.of(headOf(tag, MULTITRACK[tag.kind] ?? 0), (MANY_CODECS << 4) | type);
    const own = Buffer.concat([Buffer.from(fourCc), Buffer.of(0), sized(payload)]);
    const sign = Buffer.from(tag.kind === AUDIO ? 'Opus' : 'av01');
    const other = Buffer.concat([sign, Buffer.of(1), sized(Buffer.from('another'))]);
    return { ...tag, body: Buffer.concat([head, own, other]) };
  },
};

const stream = (): FlvTag[] =>
  byTime([
    configuration(VIDEO, 0),
    configuration(AUDIO, 0),
    ...times(0, 4_000).flatMap((ms) => [picture(ms, ms % 1_000 === 0), sound(ms)]),
  ]);

describe('FlvCutter, with enhanced RTMP', () => {
  it('gives demuxers what they know, in whatever way H.264 and AAC are sent', () => {
    const tags = stream();
    const ways = fc.array(fc.constantFrom(...Object.values(FORMS)), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(ways, (forms) => {
        const sent = tags.map((tag, i) => forms[i % forms.length]?.(tag) ?? tag);
        expect(runsOf(new FlvCutter(), [flv(sent)])).toEqual([flv(tags)]);
      }),
      { numRuns: 30 },
    );
  });

  it('has the first of several tracks in one run, and says which others there are', () => {
    const tags = stream();
    const opus = (tag: FlvTag, track: number): FlvTag =>
      oneTrack(tag, track, { ...packetOf(tag), fourCc: 'Opus' });
    const sent = tags.flatMap((tag) =>
      tag.kind === VIDEO ? [tag, oneTrack(tag, 2), oneTrack(tag, 1)] : [tag, opus(tag, 4), oneTrack(tag, 1)],
    );
    const cutter = new FlvCutter();
    expect(runsOf(cutter, [flv(sent)])).toEqual([flv(tags)]);
    expect(cutter.otherTracks).toEqual([
      { kind: 'video', codec: 'h264', reason: 'other_track' },
      { kind: 'video', codec: 'h264', reason: 'other_track' },
      { kind: 'audio', codec: 'opus', reason: 'other_track' },
      { kind: 'audio', codec: 'aac', reason: 'other_track' },
    ]);
  });

  it('has HEVC as enhanced RTMP has it, where it is the twelfth codec', () => {
    const before: FlvTag[] = [
      { kind: VIDEO, atMs: 0, body: Buffer.from([0x1c, 0, 0, 0, 0, 1, 2, 3]) },
      { kind: VIDEO, atMs: 0, body: Buffer.from([0x1c, 1, 0, 0, 40, 9, 9]) },
      { kind: VIDEO, atMs: 40, body: Buffer.from([0x2c, 1, 0, 0, 0, 8]) },
      { kind: VIDEO, atMs: 80, body: Buffer.from([0x1c, 2, 0, 0, 0]) },
    ];
    const [run = Buffer.alloc(0), ...others] = runsOf(new FlvCutter(), [flv(before)]);
    expect(others).toEqual([]);
    expect(flvTags(run).map(({ atMs, body }) => [atMs, body.toString('latin1')])).toEqual([
      [0, '\x90hvc1\x01\x02\x03'],
      [0, '\x91hvc1\x00\x00\x28\x09\x09'],
      [40, '\xa1hvc1\x00\x00\x00\x08'],
      [80, '\x92hvc1'],
    ]);
  });

  it('reads on behind tags that are cut off or make no sense, and gives no more than has come', () => {
    const body = fc.tuple(fc.integer({ min: 0x80, max: 0xff }), fc.uint8Array({ maxLength: 600 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(AUDIO, VIDEO), body), { maxLength: 8 }), (bodies) => {
        const wild = bodies.map(([kind, [first, rest]]) => ({
          kind,
          atMs: 0,
          body: Buffer.from([kind === AUDIO ? (first & 15) | 0x90 : first, ...rest]),
        }));
        const end = { kind: 18, atMs: 40, body: Buffer.from('the end') };
        const runs = runsOf(new FlvCutter(), [flv([...wild, end])]);
        expect(runs.flatMap(flvTags)).toContainEqual(end);
      }),
      { numRuns: 200 },
    );
  });

  it('tells the next run the metadata and configurations, whatever else was said since', () => {
    const script = (text: string): FlvTag => ({ kind: 18, atMs: 0, body: Buffer.from(text, 'latin1') });
    const metadata = script('\x02\x00\x0aonMetaData\x08');
    const end: FlvTag = { kind: VIDEO, atMs: 2_000, body: Buffer.from([0x17, 2, 0, 0, 0]) };
    const tags = byTime([
      ...[metadata, configuration(VIDEO, 0, 1)],
      ...times(0, 6_000).map((ms) => picture(ms, ms % 1_000 === 0)),
      { ...script('\x02\x00\x0aonCuePoint\x08'), atMs: 1_500 },
      end,
      configuration(AUDIO, 4_300),
      ...times(4_400, 6_000).map(sound),
    ]);
    const [, second = Buffer.alloc(0), ...others] = runsOf(new FlvCutter(), [
      FLV_HEADER,
      ...tags.map((tag) => writeFlv([tag])),
    ]);
    expect(others).toEqual([]);
    const [first, ...next] = flvTags(second);
    expect(first?.body).toEqual(metadata.body);
    expect(next.find(({ kind }) => kind === VIDEO)?.body).toEqual(configuration(VIDEO, 0, 1).body);
  });
});
