import { createCipheriv, createDecipheriv } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { decrypted } from '../../../../container/source/hls/decrypted.ts';
import { KeyRing } from '../../../../container/source/hls/keyRing.ts';
import { mended } from '../../../../container/source/hls/mendedPackets.ts';
import { inWholeBoxes } from '../../../../container/source/hls/wholeBoxes.ts';
import type { JudgedHttp } from '../../../../container/source/reach/judgedHttp.ts';
import { PlaylistError } from '../../../../functions/core/hls/playlist.ts';
import { PACKET_BYTES } from '../../../../functions/core/media/mpegts/packets.ts';
import { PacketWriter } from '../../../../functions/core/media/mpegts/packetWriter.ts';
import { associationTable, mapTable } from '../../../../functions/core/media/mpegts/tableWriter.ts';
import { TrueTypes } from '../../../../functions/core/media/mpegts/trueTypes.ts';

const STEPS = [1, 7, 100, 10_000];
/** As many as are a multiple of a block of AES. */
const PACKETS = Buffer.alloc(16 * PACKET_BYTES, Buffer.alloc(PACKET_BYTES, 0xff).fill(0x47, 0, 1));

function box(kind: string, bytes: number, said = bytes): Buffer {
  const made = Buffer.alloc(bytes, 7);
  made.writeUInt32BE(said, 0);
  made.write(kind, 4, 'latin1');
  return made;
}

async function* inSteps(bytes: Buffer, step: number): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

describe('a segment of fragmented MP4', () => {
  const segment = Buffer.concat([box('styp', 24), box('moof', 300), box('mdat', 5_000), box('moof', 90)]);

  it.each<[string, Buffer]>([
    ['zeros', Buffer.alloc(13)],
    ['fewer bytes than a head has', Buffer.from('end')],
    ['a page', Buffer.from('<html><body>Sent by a server that adds this</body></html>')],
  ])('is given without what is put behind it: %s', async (_, behind) => {
    for (const step of STEPS) {
      const sent = inSteps(Buffer.concat([segment, behind]), step);
      expect((await buffer(inWholeBoxes(sent))).equals(segment), `${step} at once`).toBe(true);
    }
  });

  it.each<[string, Buffer]>([
    ['boxes alone', segment],
    ['packets', PACKETS],
    ['less than a head', Buffer.from('ID3')],
    ['nothing', Buffer.alloc(0)],
  ])('stays as it is otherwise, as all others do: %s', async (_, whole) => {
    for (const step of STEPS)
      expect((await buffer(inWholeBoxes(inSteps(whole, step)))).equals(whole)).toBe(true);
  });
});

describe('a segment of a transport stream', () => {
  const tables = (video: string, counter: number): Buffer => {
    const writer = new PacketWriter();
    for (let i = 0; i <= counter; i++) {
      writer.take();
      writer.table(0, associationTable(0x1000));
      writer.table(0x1000, mapTable([{ pid: 0x100, info: { kind: 'video', codec: video } }], 0x100));
    }
    return writer.take();
  };
  const picture = (): Buffer => {
    const writer = new PacketWriter();
    const data = Buffer.concat([Buffer.from('000000014601500000000140010c01', 'hex'), Buffer.alloc(900, 5)]);
    writer.pes({
      ...{ pid: 0x100, streamId: 0xe0, ptsTicks: 90_000, dtsTicks: 90_000, data },
      ...{ randomAccess: true, hasClock: true },
    });
    return writer.take();
  };

  it('has maps that say what it is, wherever they are in it', async () => {
    const sent = (video: string): Buffer =>
      Buffer.concat([0, 1, 2].flatMap((counter) => [tables(video, counter), picture()]));
    for (const step of STEPS) {
      // As much as is read until it is known what it is.
      const head = Buffer.from(sent('h264').subarray(0, 1_000));
      const types = new TrueTypes();
      expect(types.look(head)).toBe(true);
      const { media, rest } = mended(head, inSteps(Buffer.from(sent('h264').subarray(1_000)), step), types);
      expect(Buffer.concat([media, await buffer(rest)]).equals(sent('hevc')), `${step} at once`).toBe(true);
    }
  });
});

describe('an encrypted segment', () => {
  const [key, iv] = [Buffer.alloc(16, 3), Buffer.alloc(16, 4)];
  function encrypted(plain: Buffer, hasPadding: boolean): Buffer {
    const cipher = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(hasPadding);
    return Buffer.concat([cipher.update(plain), cipher.final()]);
  }
  const read = (bytes: Buffer, step: number, by = key): Promise<Buffer> =>
    buffer(decrypted(inSteps(bytes, step), createDecipheriv('aes-128-cbc', by, iv)));

  it('is read by a key that lies in its address', async () => {
    const nobody = { get: () => Promise.reject(new Error('nobody is to be asked')) };
    const keys = new KeyRing(nobody as unknown as JudgedHttp);
    const uri = `data:;base64,${key.toString('base64')}`;
    const decipher = await keys.decipher(
      { method: 'AES-128', uri, iv },
      uri,
      0n,
      new AbortController().signal,
    );
    expect((await buffer(decrypted(inSteps(encrypted(PACKETS, true), 700), decipher))).equals(PACKETS)).toBe(
      true,
    );
  });

  it('is read whole, with padding and without', async () => {
    for (const hasPadding of [true, false]) {
      const bytes = encrypted(PACKETS, hasPadding);
      for (const step of [700, 10_000]) expect((await read(bytes, step)).equals(PACKETS)).toBe(true);
    }
    for (const step of STEPS)
      expect((await read(encrypted(PACKETS.subarray(5), true), step)).equals(PACKETS.subarray(5))).toBe(true);
  });

  it('is none with another key, or cut off', async () => {
    const bytes = encrypted(PACKETS, true);
    await expect(read(bytes, 700, Buffer.alloc(16, 5))).rejects.toThrow(PlaylistError);
    await expect(read(bytes.subarray(0, -5), 700)).rejects.toThrow(PlaylistError);
  });
});
