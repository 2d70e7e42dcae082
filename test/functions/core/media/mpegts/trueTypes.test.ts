import { describe, expect, it } from 'vitest';
import { PACKET_BYTES, readPacket } from '../../../../../functions/core/media/mpegts/packets.ts';
import { PacketWriter } from '../../../../../functions/core/media/mpegts/packetWriter.ts';
import { associationTable, mapTable } from '../../../../../functions/core/media/mpegts/tableWriter.ts';
import { TrueTypes } from '../../../../../functions/core/media/mpegts/trueTypes.ts';

const MAP_PID = 0x1000;
const PICTURES = 0x100;
const SOUND = 0x101;
const H264 = Buffer.from('00000001091000000001674d001e', 'hex');
const HEVC = Buffer.from('000000014601500000000140010c01', 'hex');
const MPEG2 = Buffer.from('000001b314000f', 'hex');
const AAC = Buffer.from('fff15080057ffc21', 'hex');
const AC3 = Buffer.from('0b77e32c14404000', 'hex');

function pes(writer: PacketWriter, pid: number, data: Buffer, streamId: number): Buffer {
  const times = { ptsTicks: 90_000, dtsTicks: 90_000 };
  writer.pes({
    pid,
    streamId,
    ...times,
    data: Buffer.concat([data, Buffer.alloc(300, 5)]),
    randomAccess: false,
    hasClock: false,
  });
  return writer.take();
}

/** @param audio `private`: without a word of what it is */
function tables(writer: PacketWriter, video: string, audio: string): Buffer {
  writer.table(0, associationTable(MAP_PID));
  const streams = [
    { pid: PICTURES, info: { kind: 'video', codec: video } as const },
    { pid: SOUND, info: { kind: 'audio', codec: audio } as const },
  ];
  writer.table(MAP_PID, mapTable(streams, PICTURES));
  return writer.take();
}

/** The maps in it, one behind the other: that they are as one who wrote them himself would have them, checksum included. */
function mapsIn(bytes: Buffer): string[] {
  const maps: string[] = [];
  for (let at = 0; at < bytes.length; at += PACKET_BYTES)
    if (readPacket(bytes, at).pid === MAP_PID) maps.push(bytes.toString('hex', at + 5, at + PACKET_BYTES));
  return maps;
}

const mapOf = (video: string, audio: string): string | undefined =>
  mapsIn(tables(new PacketWriter(), video, audio))[0];

describe('TrueTypes', () => {
  it.each([
    { declared: ['h264', 'aac'], pictures: HEVC, sound: AAC, is: ['hevc', 'aac'] },
    { declared: ['hevc', 'aac'], pictures: H264, sound: AAC, is: ['h264', 'aac'] },
    { declared: ['private', 'private'], pictures: HEVC, sound: AAC, is: ['hevc', 'aac'] },
    { declared: ['h264', 'aac'], pictures: H264, sound: AAC, is: ['h264', 'aac'] },
    {
      declared: ['private', 'aac'],
      pictures: Buffer.from('no start code'),
      sound: Buffer.from('ab'),
      is: ['private', 'aac'],
    },
  ])(
    'mends maps that say $declared, before a stream that is none of it begins',
    ({ declared, pictures, sound, is }) => {
      const [video = '', audio = ''] = declared;
      const [trueVideo = '', trueAudio = ''] = is;
      const writer = new PacketWriter();
      const first = tables(writer, video, audio);
      const media = [pes(writer, PICTURES, pictures, 0xe0), pes(writer, SOUND, sound, 0xc0)];
      const later = [tables(writer, video, audio), pes(writer, PICTURES, pictures, 0xe0)];
      const sent = Buffer.concat([first, ...media, ...later]);
      const types = new TrueTypes();
      const given = types.push(Buffer.from(sent));
      expect(new Set(mapsIn(given))).toEqual(new Set([mapOf(trueVideo, trueAudio)]));
      if (video === trueVideo && audio === trueAudio) expect(given.equals(sent)).toBe(true);
      // A segment's beginning, looked at as a whole.
      const segment = Buffer.from(sent);
      const looking = new TrueTypes();
      expect(looking.look(segment.subarray(0, first.length))).toBe(false);
      expect(looking.look(segment.subarray(first.length))).toBe(true);
      looking.mend(segment);
      expect(new Set(mapsIn(segment))).toEqual(new Set([mapOf(trueVideo, trueAudio)]));
    },
  );

  it('says what a stream is in front of it, where the maps had gone before', () => {
    const writer = new PacketWriter();
    const types = new TrueTypes();
    const first = tables(writer, 'h264', 'aac');
    expect(types.push(Buffer.from(first)).equals(first)).toBe(true);
    expect(types.corrected.size).toBe(0);
    const media = pes(writer, PICTURES, HEVC, 0xe0);
    const given = types.push(Buffer.from(media));
    expect(mapsIn(given.subarray(0, PACKET_BYTES))).toEqual([mapOf('hevc', 'aac')]);
    expect(given.subarray(PACKET_BYTES).equals(media)).toBe(true);
    expect([...types.corrected]).toEqual([PICTURES]);
    types.forget();
    expect(types.corrected.size).toBe(0);
    // From then on, and until they say something else.
    expect(mapsIn(types.push(tables(writer, 'h264', 'aac')))).toEqual([mapOf('hevc', 'aac')]);
    expect(mapsIn(types.push(tables(writer, 'private', 'aac')))).toEqual([mapOf('private', 'aac')]);
  });

  it.each([
    [MPEG2, 0xe0, 0x02],
    [AC3, 0xbd, 0x81],
  ])('knows %o', (content, streamId, type) => {
    const writer = new PacketWriter();
    const given = new TrueTypes().push(
      Buffer.concat([tables(writer, 'h264', 'private'), pes(writer, SOUND, content, streamId)]),
    );
    const map = Buffer.from(mapsIn(given)[0] ?? '', 'hex');
    // Behind the pictures' entry.
    expect(map[12 + 5]).toBe(type);
  });

  it('takes sound that begins in the middle of frames for what it is called, however it looks later', () => {
    const writer = new PacketWriter();
    const types = new TrueTypes();
    types.push(tables(writer, 'h264', 'private'));
    for (let i = 0; i < 4; i++) types.push(pes(writer, SOUND, Buffer.from('0102030405060708', 'hex'), 0xc0));
    const sent = Buffer.concat([tables(writer, 'h264', 'private'), pes(writer, SOUND, AAC, 0xc0)]);
    expect(types.push(Buffer.from(sent)).equals(sent)).toBe(true);
  });

  it('takes nothing that is damaged for what it is not', () => {
    const writer = new PacketWriter();
    const sent = Buffer.concat([tables(writer, 'h264', 'aac'), pes(writer, PICTURES, HEVC, 0xe0)]);
    for (let at = 0; at < sent.length; at += PACKET_BYTES) {
      sent[at + 3] = (sent[at + 3] ?? 0) | 0x20;
      sent[at + 4] = 0xff;
    }
    expect(new TrueTypes().push(Buffer.from(sent)).equals(sent)).toBe(true);
  });
});
