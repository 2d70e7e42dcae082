import { execFileSync } from 'node:child_process';
import { afterAll, expect, it } from 'vitest';
import { silentAacFrame } from '../../../../functions/core/media/tracks/aacSilence.ts';
import { MediaFolder } from '../../../support/media.ts';
import { describeWith } from '../../../support/tools.ts';

const LOW_COMPLEXITY = 2;
const RATE_48_KHZ = 3;
const FRAMES = 10;

describeWith(['ffmpeg'], 'silence of AAC', () => {
  const folder = new MediaFolder();
  afterAll(() => folder.remove());

  it.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 4],
    [5, 5],
    [6, 6],
    [7, 8],
  ])('of channel configuration %i is decoded to nothing at all', (configuration, channels) => {
    const bits = (LOW_COMPLEXITY << 11) | (RATE_48_KHZ << 7) | (configuration << 3);
    const frame = silentAacFrame(Buffer.from([bits >> 8, bits & 0xff]), 48_000);
    expect(frame?.duration).toBe(1024);
    const data = frame?.data ?? Buffer.alloc(0);
    const bytes = 7 + data.length;
    const adts = Buffer.from([
      ...[0xff, 0xf1, ((LOW_COMPLEXITY - 1) << 6) | (RATE_48_KHZ << 2) | (configuration >> 2)],
      ...[((configuration & 3) << 6) | (bytes >> 11), (bytes >> 3) & 0xff, ((bytes & 7) << 5) | 0x1f, 0xfc],
    ]);
    const file = folder.write(
      `${configuration}.aac`,
      Buffer.concat(Array.from({ length: FRAMES }, () => [adts, data]).flat()),
    );
    const args = ['-v', 'error', '-xerror', '-i', file, '-f', 's16le', 'pipe:1'];
    const decoded = execFileSync('ffmpeg', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    expect(decoded.length).toBe(FRAMES * 1024 * channels * 2);
    expect(decoded.every((byte) => byte === 0)).toBe(true);
  });

  it('lasts twice as long where band replication doubles the rate', () => {
    // AAC LC at 24 kHz, heard at 48 kHz, as it is signalled by nothing but the rate of what is decoded.
    expect(silentAacFrame(Buffer.from([0x13, 0x10]), 48_000)?.duration).toBe(2048);
  });

  it('is not known of other kinds of AAC, of channels that are listed one by one, and of damage', () => {
    expect(silentAacFrame(Buffer.from([0xf8, 0xe6, 0x50]), 48_000)).toBeUndefined();
    expect(silentAacFrame(Buffer.from([0x11, 0x80]), 48_000)).toBeUndefined();
    expect(silentAacFrame(Buffer.alloc(0), 48_000)).toBeUndefined();
  });
});
