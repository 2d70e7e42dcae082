import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { expectWhole, framesOf, HlsForTests } from '../../../support/hlsForTests.ts';
import { describeWith } from '../../../support/tools.ts';

const ONE = 0x1_0000;
/** A track header's matrix and its two sides end it. */
const MATRIX_AT_END = 36 + 8;

/** An init section whose picture is to be turned by 90° clockwise, as a telephone says that is held upright. */
function turned(init: Buffer, height: number): Buffer {
  const copy = Buffer.from(init);
  const at = copy.indexOf('tkhd') - 4;
  const end = at + copy.readUInt32BE(at);
  const matrix = [0, ONE, 0, -ONE, 0, 0, height * ONE, 0, 0x4000_0000];
  for (const [i, value] of matrix.entries()) copy.writeInt32BE(value, end - MATRIX_AT_END + 4 * i);
  return copy;
}

/** How far a player turns it, counterclockwise; empty: not at all. */
async function turnOf(file: string): Promise<string> {
  const args = ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'stream_side_data=rotation'];
  const { stdout } = await promisify(execFile)('ffprobe', [...args, '-of', 'csv=p=0', file]);
  return stdout.replaceAll(',', '').trim();
}

describeWith(['ffmpeg'], 'an HLS source whose picture is turned', () => {
  const hls = new HlsForTests();

  it('is recorded as it is to be shown, in the next part where that changes', async () => {
    const options = { type: 'fmp4', seconds: 3 } as const;
    const upright = hls.put('upright', options);
    const sideways = hls.put('sideways', { ...options, from: 75 });
    const { init } = hls.make({ ...options, from: 75 });
    hls.site.put('/sideways/init.mp4', turned(init ?? Buffer.alloc(0), 180));
    const record = await hls.record('turned', [
      ...[hls.map('upright'), ...upright.flat()],
      ...['#EXT-X-DISCONTINUITY', hls.map('sideways'), ...sideways.flat()],
    ]);
    expectWhole(record, framesOf(0, 150), 2);
    expect(await Promise.all(record.files.map(turnOf))).toEqual(['', '-90']);
  });
});
