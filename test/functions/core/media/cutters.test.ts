import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlvCutter } from '../../../../functions/core/media/flv/cutter.ts';
import { TsCutter } from '../../../../functions/core/media/mpegts/cutter.ts';
import {
  PACKET_BYTES,
  readPacket,
  readPesTimes,
  TICKS_PER_MS,
} from '../../../../functions/core/media/mpegts/packets.ts';
import { PacketWriter } from '../../../../functions/core/media/mpegts/packetWriter.ts';
import { associationTable, mapTable } from '../../../../functions/core/media/mpegts/tableWriter.ts';
import { FLV_HEADER, type FlvTag, flvTags, writeFlv } from '../../../support/flvTags.ts';
import {
  AUDIO,
  byTime,
  configuration,
  FRAME_MS,
  flv,
  picture,
  runsOf,
  sound,
  times,
  VIDEO,
} from './cutRuns.ts';

const LAG_MS = 3 * FRAME_MS;

describe('FlvCutter', () => {
  const heads = [configuration(VIDEO, 0, 1), configuration(AUDIO, 0)];

  it('begins a run with pictures that had only been announced: nobody knew their size', () => {
    const late = [
      configuration(VIDEO, 4_000, 2),
      ...times(4_800, 6_000).map((ms) => picture(ms, ms === 4_800)),
    ];
    const tags = byTime([...heads, ...times(0, 6_000).map(sound), ...late]);
    const [first, second, ...others] = runsOf(new FlvCutter(), [flv(tags)]).map(flvTags);
    expect(others).toEqual([]);
    expect(first?.filter(({ kind }) => kind === AUDIO).at(-1)?.atMs).toBe(4_800);
    const shown = second?.filter(({ kind }) => kind === VIDEO) ?? [];
    expect(shown.map(({ atMs }) => atMs)).toEqual([4_000, ...times(4_800, 6_000)]);
    expect(shown[0]?.body[4]).toBe(2);
  });

  it('begins a run with pictures that come late also where the clock has begun anew meanwhile', () => {
    const late = times(1_600, 3_200).map((ms) => picture(ms, ms === 1_600));
    const before = [...heads, ...times(0, 1_600).map(sound)];
    const tags = [...before, ...byTime([...times(0, 3_200).map(sound), ...late])];
    const runs = runsOf(new FlvCutter(), [flv(tags)]).map(flvTags);
    const isShown = ({ kind, body }: FlvTag): boolean => kind === VIDEO && body[1] === 1;
    expect(runs.map((run) => run.filter(isShown).length)).toEqual([0, late.length]);
  });

  it('goes on with sound that was announced and comes late: its configuration says all', () => {
    const tags = byTime([
      ...heads,
      ...times(0, 6_000).map((ms) => picture(ms, ms % 1_000 === 0)),
      ...times(4_000, 6_000).map(sound),
    ]);
    expect(runsOf(new FlvCutter(), [flv(tags)])).toEqual([flv(tags)]);
  });

  it.each([3_600_000, -3_600_000])(
    'has both in one run when sound has a clock of its own, %i ms off',
    (offMs) => {
      const shift = (tag: FlvTag): FlvTag => ({ ...tag, atMs: (tag.atMs + offMs + 2 ** 32) % 2 ** 32 });
      const sent = times(0, 6_000).flatMap((ms) => [picture(ms, ms % 1_000 === 0), shift(sound(ms))]);
      const tags = [configuration(VIDEO, 0), shift(configuration(AUDIO, 0)), ...sent];
      expect(runsOf(new FlvCutter(), [flv(tags)])).toEqual([flv(tags)]);
    },
  );

  it.each([1, 7, 4_096])('goes on behind the header of another file, in pieces of %i bytes', (pieceBytes) => {
    const sent = (fromMs: number): FlvTag[] =>
      byTime(times(fromMs, fromMs + 1_000).flatMap((ms) => [picture(ms, ms === fromMs), sound(ms)]));
    const bytes = Buffer.concat([flv([...heads, ...sent(0)]), flv([...heads, ...sent(1_000)])]);
    const pieces = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, i) =>
      bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes),
    );
    const all = [...heads, ...sent(0), ...heads, ...sent(1_000)];
    expect(runsOf(new FlvCutter(), pieces)).toEqual([flv(all)]);
  });

  it('says how long each tag is where its sender does not', () => {
    const tags = [...heads, picture(0, true), sound(0)];
    const silent = Buffer.concat([
      FLV_HEADER,
      ...tags.flatMap((tag) => [writeFlv([tag]).subarray(0, -4), Buffer.alloc(4)]),
    ]);
    expect(runsOf(new FlvCutter(), [silent])).toEqual([flv(tags)]);
  });

  it('leaves out what needs a configuration until that has come, and says how many pictures', () => {
    const cutter = new FlvCutter();
    const before = times(0, 400).flatMap((ms) => [picture(ms, false), sound(ms)]);
    const after = times(400, 800).flatMap((ms) => [picture(ms, ms === 400), sound(ms)]);
    const given = cutter.push(flv(before));
    expect(cutter.undecodable).toBe(10);
    expect(cutter.samples).toBe(0);
    given.push(...cutter.push(writeFlv([...heads, ...after])), ...cutter.end());
    expect(cutter.undecodable).toBe(0);
    expect(Buffer.concat(given.map(({ bytes }) => bytes))).toEqual(flv([...heads, ...after]));
  });

  it('hands on pictures and sound that say themselves how they are coded', () => {
    const annexB = { ...picture(0, true), body: Buffer.from([0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x67]) };
    const adts = { ...sound(0), body: Buffer.from([0xaf, 1, 0xff, 0xf1, 0x50]) };
    expect(runsOf(new FlvCutter(), [flv([annexB, adts])])).toEqual([flv([annexB, adts])]);
  });

  it('follows pictures that were away while a run began with new sound', () => {
    const tags = byTime([
      configuration(VIDEO, 0),
      ...times(0, 1_000).map((ms) => picture(ms, ms === 0)),
      configuration(AUDIO, 5_000),
      ...times(5_000, 12_000).map(sound),
      ...times(10_000, 12_000).map((ms) => picture(ms, ms === 10_000)),
    ]);
    const runs = runsOf(new FlvCutter(), [flv(tags)]).map(flvTags);
    const firsts = runs.map((run) => run.find(({ kind, body }) => kind === VIDEO && body[1] === 1)?.atMs);
    expect(firsts).toEqual([0, undefined, 10_000]);
  });
});

const MAP_PID = 0x1000;
const PICTURES = 0x100;
const SOUND = 0x101;
const OTHER_SOUND = 0x102;
const MP3_TYPE = 3;
const PARAMETERS = Buffer.from([0, 0, 1, 9, 0xf0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 1, 0x68, 4, 0, 0, 1, 0x65]);
const SLICE = Buffer.from([0, 0, 1, 9, 0xf0, 0, 0, 1, 0x41, 7]);

describe('TsCutter', () => {
  /** @param isKeyframe of a picture; undefined: sound */
  function pes(
    writer: PacketWriter,
    atMs: number,
    isKeyframe: boolean | undefined,
    soundPid = SOUND,
  ): Buffer {
    const ticks = (atMs + 1_000) * 90;
    writer.pes({
      pid: isKeyframe === undefined ? soundPid : PICTURES,
      streamId: isKeyframe === undefined ? 0xc0 : 0xe0,
      ptsTicks: ticks,
      dtsTicks: ticks,
      data: Buffer.concat([isKeyframe === true ? PARAMETERS : SLICE, Buffer.alloc(300, 5)]),
      randomAccess: false,
      hasClock: isKeyframe !== undefined,
    });
    return writer.take();
  }

  function tables(writer: PacketWriter, sounds = [SOUND], video = 'h264', audio = 'aac'): Buffer {
    writer.table(0, associationTable(MAP_PID));
    const streams = [
      { pid: PICTURES, info: { kind: 'video', codec: video } as const },
      ...sounds.map((pid) => ({ pid, info: { kind: 'audio', codec: audio } as const })),
    ];
    const map = mapTable(streams, PICTURES);
    // The muxer has no such sound.
    if (audio === 'mp3') map[map.indexOf(Buffer.from([6, 0xe0 | (SOUND >> 8), SOUND & 0xff]))] = MP3_TYPE;
    writer.table(MAP_PID, map);
    return writer.take();
  }

  /** Of each PES packet. */
  function timesOf(run: Buffer): { readonly pid: number; readonly ms: number }[] {
    const found: { pid: number; ms: number }[] = [];
    for (let at = 0; at < run.length; at += PACKET_BYTES) {
      const { pid, unitStart, payloadAt } = readPacket(run, at);
      const pts = unitStart ? readPesTimes(run.subarray(at, at + PACKET_BYTES), payloadAt)?.pts : undefined;
      if (pts !== undefined) found.push({ pid, ms: pts / TICKS_PER_MS - 1_000 });
    }
    return found;
  }

  /** Those that differ. */
  function mapsIn(run: Buffer): string[] {
    const maps = new Set<string>();
    for (let at = 0; at < run.length; at += PACKET_BYTES)
      if (readPacket(run, at).pid === MAP_PID) maps.add(run.toString('hex', at + 5, at + PACKET_BYTES));
    return [...maps];
  }

  it('leaves out pictures before the first keyframe, and says how many have come', () => {
    const writer = new PacketWriter();
    const cutter = new TsCutter();
    const head = tables(writer);
    expect(cutter.push(head)).toHaveLength(1);
    for (const ms of times(0, 4_000)) expect(cutter.push(pes(writer, ms, false))).toEqual([]);
    expect(cutter.undecodable).toBe(100);
    const rest = [pes(writer, 4_000, true), pes(writer, 4_040, false), pes(writer, 4_080, false)];
    const given = rest.flatMap((bytes) => cutter.push(bytes));
    expect(cutter.undecodable).toBe(0);
    expect(Buffer.concat([...given, ...cutter.end()].map(({ bytes }) => bytes)).includes(PARAMETERS)).toBe(
      true,
    );
  });

  it('has all pictures from a keyframe on that came before the tables that say what they are', () => {
    const writer = new PacketWriter();
    const early = times(0, 400).map((ms) => pes(writer, ms, ms === 0));
    const late = [tables(writer), ...times(400, 800).map((ms) => pes(writer, ms, false))];
    const [run = Buffer.alloc(0), ...others] = runsOf(new TsCutter(), [...early, ...late]);
    expect(others).toEqual([]);
    expect(run.equals(Buffer.concat([...early, ...late]))).toBe(true);
  });

  it('says that pictures have come from the first one on that can be decoded', () => {
    const writer = new PacketWriter();
    const cutter = new TsCutter();
    cutter.push(tables(writer));
    cutter.push(pes(writer, 0, false));
    expect(cutter.hasCome('video')).toBe(false);
    cutter.push(pes(writer, 9_000, true));
    expect(cutter.hasCome('video')).toBe(true);
  });

  it('says that sound has come to the present run, and not before', () => {
    const writer = new PacketWriter();
    const cutter = new TsCutter();
    for (const bytes of [tables(writer), pes(writer, 0, true), pes(writer, 40, false)]) cutter.push(bytes);
    expect(cutter.hasCome('audio')).toBe(false);
    cutter.push(pes(writer, 80, undefined));
    expect(cutter.hasCome('audio')).toBe(true);
  });

  it('begins a run with the keyframe where sound had gone on until it', () => {
    const writer = new PacketWriter();
    const chunks = [tables(writer)];
    for (const ms of times(0, 6_000)) chunks.push(pes(writer, ms, ms === 4_000), pes(writer, ms, undefined));
    const [first, second, ...others] = runsOf(new TsCutter(), chunks);
    expect(others).toEqual([]);
    expect(first?.includes(SLICE.subarray(5))).toBe(true);
    expect(first?.includes(PARAMETERS)).toBe(false);
    expect(second?.includes(PARAMETERS)).toBe(true);
  });

  it('begins a run with sound that is announced when all else has begun, and a demuxer looks no further', () => {
    const writer = new PacketWriter();
    const chunks = [tables(writer, [SOUND])];
    for (const ms of times(0, 4_000)) {
      if (ms === 1_000) chunks.push(tables(writer, [SOUND, OTHER_SOUND]));
      chunks.push(pes(writer, ms, ms % 1_000 === 0), pes(writer, ms, undefined));
      if (ms >= 1_000) chunks.push(pes(writer, ms, undefined, OTHER_SOUND));
    }
    expect(runsOf(new TsCutter(), chunks)).toHaveLength(2);
  });

  it.each([
    { becomes: 'pictures', video: 'hevc', audio: 'aac', beginsAtMs: 2_000 },
    // A part can begin with the next keyframe.
    { becomes: 'sound', video: 'h264', audio: 'mp3', beginsAtMs: 2_400 },
  ])('begins a run where the $becomes of a PID are of another codec', ({ video, audio, beginsAtMs }) => {
    const writer = new PacketWriter();
    const chunks = [tables(writer)];
    for (const ms of times(0, 4_000)) {
      if (ms === 2_000) chunks.push(tables(writer, [SOUND], video, audio));
      const isKeyframe = ms % 800 === 0 || (ms === 2_000 && video !== 'h264');
      // Multiplexers send sound after the pictures of its time.
      chunks.push(pes(writer, ms, isKeyframe), pes(writer, ms - LAG_MS, undefined));
    }
    const runs = runsOf(new TsCutter(), chunks);
    expect(runs).toHaveLength(2);
    const [before = [], after = []] = runs.map(timesOf);
    expect(before.filter(({ pid }) => pid === PICTURES).map(({ ms }) => ms)).toEqual(times(0, beginsAtMs));
    expect(after.filter(({ pid }) => pid === PICTURES).map(({ ms }) => ms)).toEqual(times(beginsAtMs, 4_000));
    const sounds = [before, after].map((run) => run.filter(({ pid }) => pid === SOUND).map(({ ms }) => ms));
    expect(sounds.flat()).toEqual(times(-LAG_MS, 4_000 - LAG_MS));
    if (audio !== 'aac') expect(sounds[1]?.[0]).toBe(2_000 - LAG_MS);
    const [told, toldAfter] = runs.map(mapsIn);
    expect(told).toEqual([
      tables(new PacketWriter())
        .subarray(188 + 5)
        .toString('hex'),
    ]);
    expect(toldAfter).toEqual([
      tables(new PacketWriter(), [SOUND], video, audio)
        .subarray(188 + 5)
        .toString('hex'),
    ]);
  });

  it('leaves out what is scrambled, as if it were not there, and says how much has come since the last that is not', () => {
    const scrambled = (packets: Buffer): Buffer => {
      for (let at = 0; at < packets.length; at += PACKET_BYTES)
        packets[at + 3] = (packets[at + 3] ?? 0) | 0x80;
      return packets;
    };
    const writer = new PacketWriter();
    const cutter = new TsCutter();
    const given = [tables(writer), pes(writer, 0, undefined)].flatMap((bytes) => cutter.push(bytes));
    for (const ms of times(40, 2_000))
      expect(cutter.push(scrambled(pes(writer, ms, ms % 400 === 0)))).toEqual([]);
    expect(cutter.scrambled).toBeGreaterThan(90);
    expect(timesOf(Buffer.concat(given.map(({ bytes }) => bytes)))).toEqual([{ pid: SOUND, ms: 0 }]);
    cutter.push(pes(writer, 2_000, undefined));
    expect(cutter.scrambled).toBe(0);
  });

  it('marks a picture that is cut off with the connection as damaged, and only that', () => {
    const writer = new PacketWriter();
    const head = [tables(writer), ...times(0, 400).map((ms) => pes(writer, ms, ms === 0))];
    const last = pes(writer, 400, false);
    const endOf = (chunks: readonly Buffer[]): Buffer[] => {
      const cutter = new TsCutter();
      for (const chunk of chunks) cutter.push(Buffer.from(chunk));
      return cutter.end().map(({ bytes }) => bytes);
    };
    expect(last.length).toBe(2 * PACKET_BYTES);
    expect(endOf([...head, last])).toEqual([]);
    // The part of a packet that has come goes nowhere.
    const [mark = Buffer.alloc(0), ...others] = endOf([...head, last.subarray(0, 1.5 * PACKET_BYTES)]);
    expect(others).toEqual([]);
    expect(readPacket(mark, 0)).toMatchObject({ pid: PICTURES, unitStart: false, payloadAt: PACKET_BYTES });
    // By ISO/IEC 13818-1, 2.4.3.3; and the counter is that of the packet before it, as of all without a payload.
    expect((mark[1] ?? 0) & 0x80).toBe(0x80);
    expect((mark[3] ?? 0) & 0xf).toBe((last[3] ?? 0) & 0xf);
  });

  it('takes no picture for cut off where none ends with a packet that is stuffed', () => {
    const writer = new PacketWriter();
    const cutter = new TsCutter();
    cutter.push(tables(writer));
    for (const ms of times(0, 400)) cutter.push(pes(writer, ms, ms === 0).subarray(0, PACKET_BYTES));
    expect(cutter.end()).toEqual([]);
  });

  it('hands on all of a stream that begins with a keyframe, in chunks of any size', () => {
    const writer = new PacketWriter();
    const chunks = [tables(writer)];
    for (const ms of times(0, 2_000))
      chunks.push(pes(writer, ms, ms % 400 === 0), pes(writer, ms, undefined));
    const all = Buffer.concat(chunks);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: all.length - 1 }), { maxLength: 20 }), (places) => {
        const cuts = [0, ...places.toSorted((one, other) => one - other), all.length];
        const pieces = cuts.slice(1).map((end, i) => all.subarray(cuts[i], end));
        expect(Buffer.concat(runsOf(new TsCutter(), pieces)).equals(all)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
