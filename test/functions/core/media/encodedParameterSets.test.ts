import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { boxesIn } from '../../../../functions/core/media/mp4/boxes.ts';
import type { Mp4Fragment } from '../../../../functions/core/media/mp4/fragment.ts';
import { Mp4Reader } from '../../../../functions/core/media/mp4/reader.ts';
import {
  changedParameters,
  haveSameSets,
} from '../../../../functions/core/media/nal/changedParameterSets.ts';
import { h264 } from '../../../../functions/core/media/nal/h264.ts';
import { hevc, parseHevcRecord, parseHevcSequence } from '../../../../functions/core/media/nal/hevc.ts';
import { MediaFolder } from '../../../support/media.ts';
import { describeWith } from '../../../support/tools.ts';
import { sampleOf } from './nalSample.ts';

const byte = fc.integer({ min: 0, max: 255 });
const FRAGMENTED = ['-movflags', '+frag_keyframe+empty_moov+delay_moov+default_base_moof', '-f', 'mp4'];

/** What encoders make, and what ffmpeg makes of it. */
const ENCODED: readonly (readonly [string, 'h264' | 'hevc', readonly string[]])[] = [
  ['Baseline', 'h264', ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p']],
  ['High', 'h264', ['-c:v', 'libx264', '-pix_fmt', 'yuv420p']],
  ['High, interlaced', 'h264', ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-flags', '+ildct+ilme']],
  ['High 10, 4:2:2', 'h264', ['-c:v', 'libx264', '-pix_fmt', 'yuv422p10']],
  [
    'High 4:4:4, scaling lists',
    'h264',
    ['-c:v', 'libx264', '-pix_fmt', 'yuv444p', '-x264-params', 'cqm=jvt'],
  ],
  ['Grey', 'h264', ['-c:v', 'libx264', '-pix_fmt', 'gray']],
  ['Main', 'hevc', ['-c:v', 'libx265', '-x265-params', 'log-level=error', '-pix_fmt', 'yuv420p']],
  ['Main, hvc1', 'hevc', ['-c:v', 'libx265', '-x265-params', 'log-level=error', '-tag:v', 'hvc1']],
  ['Main, layers', 'hevc', ['-c:v', 'libx265', '-x265-params', 'log-level=error:temporal-layers=1']],
  ['Main 10', 'hevc', ['-c:v', 'libx265', '-x265-params', 'log-level=error', '-pix_fmt', 'yuv420p10']],
  ['4:2:2', 'hevc', ['-c:v', 'libx265', '-x265-params', 'log-level=error', '-pix_fmt', 'yuv422p']],
  ['4:4:4', 'hevc', ['-c:v', 'libx265', '-x265-params', 'log-level=error', '-pix_fmt', 'yuv444p']],
];

describeWith(['ffmpeg'], 'parameters that encoders write', () => {
  const folder = new MediaFolder();
  afterAll(() => folder.remove());

  const encode = (name: string, size: string, args: readonly string[]) => {
    const source = ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=10:duration=0.5`];
    const bytes = folder.make(`${name.replaceAll(/\W/g, '')}-${size}.mp4`, [
      ...source,
      ...args,
      ...FRAGMENTED,
    ]);
    const [fragment] = new Mp4Reader().push(bytes);
    if (fragment === undefined) throw new Error('no fragment');
    return { fragment, record: recordIn(fragment), sample: firstSample(fragment) };
  };
  const recordIn = ({ init }: Mp4Fragment): Buffer => {
    const [entry] = boxesIn(init.tracks[0]?.boxes.stsd ?? Buffer.alloc(0), 16);
    const inside = boxesIn(entry?.body ?? Buffer.alloc(0), 78);
    return inside.find(({ type }) => type === 'avcC' || type === 'hvcC')?.body ?? Buffer.alloc(0);
  };
  const firstSample = ({ bytes, tracks }: Mp4Fragment): Buffer => {
    const run = tracks[0]?.runs[0];
    return bytes.subarray(run?.dataOffset, (run?.dataOffset ?? 0) + (run?.samples[0]?.bytes ?? 0));
  };

  it.each(ENCODED)('%s of %s', (name, codec, args) => {
    const first = encode(name, '320x180', args);
    const second = encode(name, '518x392', args);
    const syntax = { h264, hevc }[codec];
    const { units, withSets } = syntax.parseConfiguration(first.record);
    const sps = units.find((one) => syntax.kindOf(one) === 'sps') ?? Buffer.alloc(0);
    expect(syntax.sequenceOf(sps)).toMatchObject({ width: 320, height: 180 });
    // The record that ffmpeg made of the same sets, but for what only ffmpeg looks up.
    const rebuilt = withSets(units.filter((one) => syntax.kindOf(one) !== undefined));
    if (codec === 'h264') expect(rebuilt.equals(first.record)).toBe(true);
    else {
      const { minSpatialSegmentation: _least, parallelism: _kind, ...known } = parseHevcRecord(first.record);
      expect(parseHevcRecord(rebuilt)).toMatchObject(known);
    }
    expect(changedParameters(codec, first.record, first.sample)).toBeUndefined();
    // What a transport stream has in front of each keyframe.
    const sets = syntax.parseConfiguration(second.record).units;
    const changed = changedParameters(codec, first.record, Buffer.concat([sampleOf(...sets), second.sample]));
    expect(changed).toMatchObject({ width: 518, height: 392 });
    expect(haveSameSets(codec, changed?.record ?? Buffer.alloc(0), second.record)).toBe(true);
  });

  it('throw nothing, whatever a sample and a record hold', () => {
    for (const [name, codec, args] of ENCODED.filter(([kind]) => kind === 'High' || kind === 'Main')) {
      const { record } = encode(name, '320x180', args);
      const { record: otherRecord, sample } = encode(name, '518x392', args);
      const sets = { h264, hevc }[codec].parseConfiguration(otherRecord).units;
      const whole = Buffer.concat([sampleOf(...sets), sample]);
      let changes = 0;
      const damage = fc.array(fc.record({ at: fc.nat(120), byte }), { maxLength: 4 });
      fc.assert(
        fc.property(damage, damage, fc.nat(200), (ofSample, ofRecord, cut) => {
          const [damagedSample, damagedRecord] = [Buffer.from(whole), Buffer.from(record)];
          for (const one of ofSample) damagedSample[one.at] = one.byte;
          for (const one of ofRecord) damagedRecord[one.at % damagedRecord.length] = one.byte;
          const end = cut < 100 ? damagedSample.length : cut;
          if (changedParameters(codec, damagedRecord, damagedSample.subarray(0, end)) !== undefined)
            changes += 1;
        }),
        { numRuns: 2_000 },
      );
      expect(changes).toBeGreaterThan(50);
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }), (one, two) => {
          changedParameters(codec, record, Buffer.from(one));
          changedParameters(codec, Buffer.from(two), Buffer.from(one));
          haveSameSets(codec, Buffer.from(one), Buffer.from(two));
        }),
        { numRuns: 2_000 },
      );
    }
  });

  it('are of the size that is shown, in HEVC too', () => {
    const { record } = encode('Main', '322x182', ENCODED[6]?.[2] ?? []);
    const sps = parseHevcRecord(record).arrays.find(({ type }) => type === 33)?.units[0];
    expect(parseHevcSequence(sps ?? Buffer.alloc(0))).toMatchObject({ width: 322, height: 182, lumaBits: 8 });
  });
});
