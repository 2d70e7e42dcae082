import { expect, it } from 'vitest';
import { readTsOpening } from '../../../../functions/core/media/mpegts/opening.ts';
import { PacketWriter } from '../../../../functions/core/media/mpegts/packetWriter.ts';
import { associationTable, mapTable } from '../../../../functions/core/media/mpegts/tableWriter.ts';

const PICTURES = 256;
const SOUND = 257;

function segment(pids: readonly number[]): Buffer {
  const writer = new PacketWriter();
  writer.table(0, associationTable(0x1000));
  const streams = [
    { pid: PICTURES, info: { kind: 'video', codec: 'h264' } as const },
    { pid: SOUND, info: { kind: 'audio', codec: 'aac' } as const },
  ];
  writer.table(0x1000, mapTable(streams, PICTURES));
  for (const [place, pid] of pids.entries())
    writer.pes({
      pid,
      streamId: pid === SOUND ? 0xc0 : 0xe0,
      ptsTicks: 900 + place * 3_600,
      dtsTicks: 900 + place * 3_600,
      data: Buffer.alloc(300, 5),
      randomAccess: false,
      hasClock: false,
    });
  return writer.take();
}

it('tells which of the announced streams have begun, how long after the first, and looks on until all have', () => {
  const told = [[PICTURES, PICTURES], [PICTURES, SOUND], [SOUND]].map((pids) => {
    const { program, startMs, begun, isWhole } = readTsOpening(segment(pids));
    expect([program, startMs]).toEqual([`${PICTURES} h264, ${SOUND} aac`, 10]);
    return { begun: [...begun], isWhole };
  });
  expect(told).toEqual([
    { begun: [[PICTURES, 0]], isWhole: false },
    {
      begun: [
        [PICTURES, 0],
        [SOUND, 40],
      ],
      isWhole: true,
    },
    { begun: [[SOUND, 0]], isWhole: false },
  ]);
});
