import { expect, it } from 'vitest';
import { inWholeBoxes } from '../../../../container/source/hls/wholeBoxes.ts';
import { PlaylistError } from '../../../../functions/core/hls/playlist.ts';

const MEDIA = Buffer.alloc(300, 'media');

function box(kind: string, body: Buffer, length = 8 + body.length): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(length);
  head.write(kind, 4, 'latin1');
  return Buffer.concat([head, body]);
}

/** What is left of bytes that come so many at a time. */
async function passed(bytes: Buffer, step: number): Promise<Buffer> {
  async function* sent(): AsyncGenerator<Buffer, void, undefined> {
    const memory = Buffer.alloc(step);
    for (let at = 0; at < bytes.length; at += step) {
      const length = bytes.copy(memory, 0, at, at + step);
      yield memory.subarray(0, length);
    }
  }
  const pieces: Buffer[] = [];
  for await (const piece of inWholeBoxes(sent())) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

const FRAGMENT = [box('styp', Buffer.alloc(4)), box('moof', Buffer.alloc(40))];

it.each([1, 7, 60, 1_000])(
  'a last box without a length has one where %i bytes come at a time',
  async (step) => {
    const sent = Buffer.concat([...FRAGMENT, box('mdat', MEDIA, 0)]);
    expect(await passed(sent, step)).toEqual(Buffer.concat([...FRAGMENT, box('mdat', MEDIA)]));
  },
);

it.each([1, 7, 1_000])(
  'what stands behind the last box is left out where %i bytes come at a time',
  async (step) => {
    const whole = Buffer.concat([...FRAGMENT, box('mdat', MEDIA)]);
    expect(await passed(Buffer.concat([whole, Buffer.alloc(20)]), step)).toEqual(whole);
  },
);

it('a last box without a length that does not end is refused', async () => {
  const sent = Buffer.concat([...FRAGMENT, box('mdat', Buffer.alloc(33 * 1024 * 1024), 0)]);
  await expect(passed(sent, 1024 * 1024)).rejects.toThrow(PlaylistError);
});

it.each([1, 7, 1_000])('a box that was cut off is filled where %i bytes come at a time', async (step) => {
  const sent = Buffer.concat([...FRAGMENT, box('mdat', MEDIA)]).subarray(0, -120);
  expect(await passed(sent, step)).toEqual(Buffer.concat([sent, Buffer.alloc(120)]));
});

it('a box that lacks more than a segment has is not', async () => {
  const sent = Buffer.concat([...FRAGMENT, box('mdat', MEDIA, 0xfffffff0)]);
  expect(await passed(sent, 1_000)).toEqual(sent);
});

it('what is no MP4 stays as it is', async () => {
  expect(await passed(Buffer.alloc(500, 0x47), 188)).toEqual(Buffer.alloc(500, 0x47));
});
