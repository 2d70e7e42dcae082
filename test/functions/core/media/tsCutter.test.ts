import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TsCutter } from '../../../../functions/core/media/mpegts/cutter.ts';
import {
  PACKET_BYTES,
  readPacket,
  readPesTimes,
  TICKS_PER_MS,
} from '../../../../functions/core/media/mpegts/packets.ts';
import { PacketWriter } from '../../../../functions/core/media/mpegts/packetWriter.ts';
import { associationTable, mapTable } from '../../../../functions/core/media/mpegts/tableWriter.ts';
import { FRAME_MS, runsOf, times } from './cutRuns.ts';

const LAG_MS = 3 * FRAME_MS;

const MAP_PID = 0x1000;
const PICTURES = 0x100;
const SOUND = 0x101;
const OTHER_SOUND = 0x102;
const MP3_TYPE = 3;
const PARAMETERS = Buffer.from([0, 0, 1, 9, 0xf0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 1, 0x68, 4, 0, 0, 1, 0x65]);
/** Of HEVC, behind a delimiter. */
const HEVC_PARAMETERS = Buffer.from([0, 0, 1, 0x46, 1, 0x50, 0, 0, 1, 0x42, 1, 1, 2, 3]);
const ADTS = Buffer.from('fff15080057ffc21', 'hex');
const SLICE = Buffer.from([0, 0, 1, 9, 0xf0, 0, 0, 1, 0x41, 7]);

describe('TsCutter', () => {
  /** @param isKeyframe of a picture; undefined: sound */
  function pes(
    writer: PacketWriter,
    atMs: number,
    isKeyframe: boolean | undefined,
    soundPid = SOUND,
    parameters = isKeyframe === undefined ? SLICE : PARAMETERS,
  ): Buffer {
    const ticks = (atMs + 1_000) * 90;
    writer.pes({
      pid: isKeyframe === undefined ? soundPid : PICTURES,
      streamId: isKeyframe === undefined ? 0xc0 : 0xe0,
      ptsTicks: ticks,
      dtsTicks: ticks,
      data: Buffer.concat([isKeyframe === false ? SLICE : parameters, Buffer.alloc(300, 5)]),
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

  it('begins a run with sound that the tables call something else, with the keyframe behind its beginning', () => {
    const writer = new PacketWriter();
    const chunks = [tables(writer, [SOUND], 'h264', 'mp3')];
    for (const ms of times(0, 2_000)) {
      chunks.push(pes(writer, ms, ms % 400 === 0), pes(writer, ms, undefined, SOUND, ADTS));
    }
    const [first = Buffer.alloc(0), second = Buffer.alloc(0), ...others] = runsOf(new TsCutter(), chunks);
    expect(others).toEqual([]);
    expect(timesOf(first).map(({ pid }) => pid)).toEqual(times(0, 400).map(() => PICTURES));
    const sounds = timesOf(second).filter(({ pid }) => pid === SOUND);
    expect(sounds.map(({ ms }) => ms)).toEqual(times(0, 2_000));
    expect(mapsIn(second)).toEqual(mapsIn(tables(new PacketWriter())));
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
      const parameters = video === 'h264' || ms < 2_000 ? PARAMETERS : HEVC_PARAMETERS;
      chunks.push(pes(writer, ms, isKeyframe, SOUND, parameters), pes(writer, ms - LAG_MS, undefined));
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
