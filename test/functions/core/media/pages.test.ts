import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryPages, PagedTable, type PageStore } from '../../../../functions/core/media/pages.ts';
import { crc32Of, joined, mapped, toBuffer } from '../../../../functions/core/media/pieces.ts';

/** What any code would do. */
function plain(values: readonly number[], bytes: 4 | 8): Buffer {
  const all = Buffer.alloc(values.length * bytes);
  for (const [i, value] of values.entries()) {
    if (bytes === 4) all.writeUInt32BE(value, 4 * i);
    else all.writeBigUInt64BE(BigInt(value), 8 * i);
  }
  return all;
}

describe('a table in pages', () => {
  it('gives back what it took, however much that is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 20_000 }),
        fc.integer({ min: 0, max: 0xffff_ffff }),
        fc.constantFrom(4 as const, 8 as const),
        (count, seed, bytes) => {
          const most = bytes === 4 ? 2 ** 32 : Number.MAX_SAFE_INTEGER;
          const values = Array.from({ length: count }, (_, i) => (seed + i * 0x9e37_79b9_7f4a) % most);
          const table = new PagedTable(new MemoryPages());
          for (const value of values) bytes === 4 ? table.u32(value) : table.u64(value);
          expect(table.bytes).toBe(count * bytes);
          expect(toBuffer(table).equals(plain(values, bytes))).toBe(true);
          // As often as it is asked.
          expect(crc32Of(table)).toBe(crc32Of(joined(plain(values, bytes))));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('keeps one page in memory, and asks for none on disk before that is full', () => {
    const written: number[] = [];
    const memory = new MemoryPages();
    const store: PageStore = {
      write: (page) => {
        written.push(page.length);
        return memory.write(page);
      },
      read: (page) => memory.read(page),
    };
    const table = new PagedTable(store);
    for (let i = 0; i < 24 * 256; i++) table.u32(i);
    expect(written).toEqual([]);
    for (let i = 0; i < 24 * 1024; i++) table.u32(i);
    expect(written).toEqual([24_576, 24_576, 24_576, 24_576]);
  });

  it('shares a store with other tables', () => {
    const store = new MemoryPages();
    const tables = [new PagedTable(store), new PagedTable(store)];
    const values = Array.from({ length: 10_000 }, (_, i) => i);
    for (const value of values) for (const [n, table] of tables.entries()) table.u32(value * (n + 1));
    expect(toBuffer(tables[0] as PagedTable).equals(plain(values, 4))).toBe(true);
    expect(
      toBuffer(tables[1] as PagedTable).equals(
        plain(
          values.map((value) => value * 2),
          4,
        ),
      ),
    ).toBe(true);
  });
});

describe('pieces', () => {
  it('are as long as they say, joined and mapped', () => {
    const table = new PagedTable(new MemoryPages());
    for (let i = 0; i < 10_000; i++) table.u32(i);
    const halves = mapped(table, 20_000, (page) => {
      const half = Buffer.alloc(page.length / 2);
      for (let at = 0; at < page.length; at += 4) half.writeUInt16BE(page.readUInt32BE(at), at / 2);
      return half;
    });
    const all = joined(Buffer.from('head'), halves, joined(), Buffer.from('end'));
    expect(all.bytes).toBe(20_007);
    const bytes = toBuffer(all);
    expect(bytes.toString('latin1', 0, 4)).toBe('head');
    expect(bytes.readUInt16BE(4 + 2 * 9_999)).toBe(9_999);
    expect(bytes.toString('latin1', 20_004)).toBe('end');
  });
});
