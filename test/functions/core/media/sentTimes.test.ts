import { expect, it } from 'vitest';
import { FlvCutter } from '../../../../functions/core/media/flv/cutter.ts';
import { TsCutter } from '../../../../functions/core/media/mpegts/cutter.ts';
import { PacketWriter } from '../../../../functions/core/media/mpegts/packetWriter.ts';
import { associationTable, mapTable } from '../../../../functions/core/media/mpegts/tableWriter.ts';
import { AUDIO, configuration, flv, picture, sound, VIDEO } from './cutRuns.ts';

const MAP_PID = 0x1000;
const PICTURES = 0x100;
const SOUND = 0x101;
const KEYFRAME = Buffer.from([0, 0, 1, 0x67, 1, 2, 3, 0, 0, 1, 0x68, 4, 0, 0, 1, 0x65, 5]);

it('FlvCutter says of all samples when they are decoded, in the order in which they were sent, once', () => {
  const cutter = new FlvCutter();
  const heads = [configuration(VIDEO, 0), configuration(AUDIO, 0)];
  cutter.push(flv([...heads, picture(3_000, true), sound(20), picture(40, false)]));
  expect(cutter.takeSent()).toEqual([
    { kind: 'video', track: 'video', dts: 3_000, timescale: 1_000, publisher: 0 },
    { kind: 'audio', track: 'audio', dts: 20, timescale: 1_000, publisher: 0 },
    { kind: 'video', track: 'video', dts: 40, timescale: 1_000, publisher: 0 },
  ]);
  expect(cutter.takeSent()).toEqual([]);
});

it('TsCutter says so, too, of pictures that are shown in another order', () => {
  const writer = new PacketWriter();
  writer.table(0, associationTable(MAP_PID));
  const streams = [
    { pid: PICTURES, info: { kind: 'video', codec: 'h264' } as const },
    { pid: SOUND, info: { kind: 'audio', codec: 'aac' } as const },
  ];
  writer.table(MAP_PID, mapTable(streams, PICTURES));
  const pes = { data: KEYFRAME, randomAccess: false, hasClock: false };
  writer.pes({ ...pes, pid: PICTURES, streamId: 0xe0, ptsTicks: 12_600, dtsTicks: 9_000 });
  writer.pes({ ...pes, pid: SOUND, streamId: 0xc0, ptsTicks: 9_090, dtsTicks: 9_090 });
  const cutter = new TsCutter();
  cutter.push(writer.take());
  expect(cutter.takeSent()).toEqual([
    { kind: 'video', track: '256', dts: 9_000, timescale: 90_000 },
    { kind: 'audio', track: '257', dts: 9_090, timescale: 90_000 },
  ]);
});
