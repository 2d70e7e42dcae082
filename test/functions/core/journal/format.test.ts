import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../../../functions/core/journal/entry.ts';
import {
  checkBytes,
  decodeIndex,
  encodeIndex,
  JournalCorruptError,
  type PlacedEntry,
} from '../../../../functions/core/journal/format.ts';

const content = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const facts = fc.record({
  recordingId: fc.string({ minLength: 1 }),
  attempt: fc.integer({ min: 1, max: 9 }),
  file: fc.integer({ min: 1, max: 99 }),
  offset: fc.nat(),
  fromMs: fc.nat(),
  keyframe: fc.boolean(),
  durationMs: fc.nat(),
  videoFrames: fc.nat(),
  atMs: fc.nat(),
});
const entries = fc.array(fc.tuple(facts, content), { maxLength: 12 });

function objectOf(contents: readonly (readonly [Omit<JournalEntry, 'bytes' | 'crc32'>, Buffer])[]): {
  readonly object: Buffer;
  readonly written: JournalEntry[];
} {
  const written = contents.map(([entry, bytes]) => ({ ...entry, bytes: bytes.length, crc32: crc32(bytes) }));
  return {
    object: Buffer.concat([...contents.map(([, bytes]) => bytes), encodeIndex(written)]),
    written,
  };
}

/** Reads an object as a reader has to: by its end, with as much of it as is asked for. */
function read(object: Buffer, endBytes: number): readonly PlacedEntry[] {
  for (let bytes = Math.min(endBytes, object.length); ; ) {
    const index = decodeIndex(object.subarray(object.length - bytes), object.length);
    if ('entries' in index) return index.entries;
    expect(index.neededBytes).toBeGreaterThan(bytes);
    expect(index.neededBytes).toBeLessThanOrEqual(object.length);
    bytes = index.neededBytes;
  }
}

describe("a journal's object", () => {
  it('gives back every entry and its bytes, however much of its end is read at first', () => {
    fc.assert(
      fc.property(entries, fc.integer({ min: 0, max: 3_000 }), (contents, endBytes) => {
        const { object, written } = objectOf(contents);
        const found = read(object, endBytes);
        expect(found.map(({ at: _at, ...entry }) => entry)).toEqual(written);
        for (const [i, entry] of found.entries()) {
          const bytes = object.subarray(entry.at, entry.at + entry.bytes);
          expect(bytes.equals(contents[i]?.[1] ?? Buffer.alloc(0))).toBe(true);
          checkBytes(entry, bytes);
        }
      }),
    );
  });

  it('repeats what others have of the recording that is asked for, and looks at no other’s', () => {
    fc.assert(
      fc.property(entries, entries, fc.integer({ min: 0, max: 3_000 }), (contents, earlier, endBytes) => {
        const repeated = objectOf(earlier).written.map((entry, place) => ({
          ...entry,
          ...{ object: 1 + place, place, at: 7 * place },
        }));
        const { written } = objectOf(contents);
        const index = encodeIndex(written, [...repeated, { of: 'another version' } as never]);
        const object = Buffer.concat([...contents.map(([, bytes]) => bytes), index]);
        const end = object.subarray(Math.max(0, object.length - Math.max(endBytes, index.length)));
        expect(decodeIndex(end, object.length)).toMatchObject({ earlier: [] });
        for (const { recordingId } of repeated)
          expect(decodeIndex(end, object.length, recordingId)).toMatchObject({
            earlier: repeated.filter((one) => one.recordingId === recordingId),
          });
      }),
    );
  });

  it('is refused when it was cut short anywhere, or has more than was written', () => {
    const some = fc.array(fc.tuple(facts, content), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(some, fc.nat(), content, (contents, at, more) => {
        const { object } = objectOf(contents);
        const short = object.subarray(0, at % object.length);
        const headless = object.subarray(1 + (at % (object.length - 1)));
        for (const damaged of [short, headless, Buffer.concat([more, object]), Buffer.concat([object, more])])
          expect(() => read(damaged, damaged.length)).toThrow(JournalCorruptError);
      }),
    );
  });

  it('is refused, or found damaged, when any byte is another', () => {
    const some = fc.array(fc.tuple(facts, content), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(some, fc.nat(), fc.integer({ min: 1, max: 255 }), (contents, position, flip) => {
        const { object } = objectOf(contents);
        const at = position % object.length;
        object[at] = (object[at] ?? 0) ^ flip;
        expect(() => {
          for (const entry of read(object, object.length))
            checkBytes(entry, object.subarray(entry.at, entry.at + entry.bytes));
        }).toThrow(JournalCorruptError);
      }),
    );
  });

  it('is refused where nobody wrote one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(() => read(Buffer.from(bytes), bytes.length)).toThrow(JournalCorruptError);
      }),
    );
    // Whole, with every checksum right, and what it says of itself is wrong.
    const lies = [{ entries: 'none' }, { entries: [{ recordingId: 'r' }] }, [], null];
    for (const lie of lies) {
      const index = Buffer.from(JSON.stringify(lie));
      const trailer = encodeIndex([]).subarray(-20);
      trailer.writeUInt32BE(index.length, 0);
      trailer.writeUInt32BE(crc32(index), 4);
      const object = Buffer.concat([index, trailer]);
      expect(() => read(object, object.length)).toThrow(JournalCorruptError);
    }
  });

  it('of another version, or with a length that cannot be, is refused', () => {
    const { object } = objectOf([]);
    for (const [value, at] of [
      [2, 12],
      [0, 12],
      [0xffff_ffff, 20],
      [object.length, 20],
    ] as const) {
      const other = Buffer.concat([randomBytes(40), object]);
      other.writeUInt32BE(value, other.length - at);
      expect(() => read(other, other.length)).toThrow(JournalCorruptError);
    }
  });
});
