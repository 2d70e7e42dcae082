import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SampleTable } from '../../../../functions/core/media/mp4/sampleTable.ts';
import { MemoryPages } from '../../../../functions/core/media/pages.ts';

const SAMPLE = { bytes: 1, compositionOffset: 0, sync: true };
const FRAME = 1_024;

describe('SampleTable', () => {
  it('has no two samples of one time, wherever the fragments of another run of ffmpeg begin', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 8 }), (begins) => {
        const table = new SampleTable(new MemoryPages());
        const samples = [1, 2, 3].map(() => ({ ...SAMPLE, duration: FRAME }));
        for (const at of begins) table.add({ runs: [{ dataOffset: 0, samples }] }, at, 0);
        table.finish();
        const pairs = Buffer.concat([...table.durations.pairs().pieces()]);
        for (let at = 4; at < pairs.length; at += 8) expect(pairs.readUInt32BE(at)).toBeGreaterThan(0);
      }),
    );
  });
});
