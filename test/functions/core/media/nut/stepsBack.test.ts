import { execFileSync } from 'node:child_process';
import { afterAll, expect, it } from 'vitest';
import { inputFor, shiftOf } from '../../../../../container/source/hls/runInput.ts';
import type { SegmentFacts } from '../../../../../functions/core/hls/seam.ts';
import { shiftClock } from '../../../../../functions/core/media/mpegts/shiftedClock.ts';
import { NutReader } from '../../../../../functions/core/media/nut/reader.ts';
import { PACKED_TIMES, videoBesideSound } from '../../../../../functions/core/media/nut/times.ts';
import { TsWriter } from '../../../../streams/writers.ts';
import { AUDIO, flvTags, VIDEO } from '../../../../support/flvTags.ts';
import { MediaFolder } from '../../../../support/media.ts';
import { sentTag } from '../../../../support/sentTags.ts';
import { describeWith } from '../../../../support/tools.ts';

const PICTURES = 25;
/** The publisher has gone by then, and another one begins at zero. */
const ANEW_AT = 3;
const BEFORE_MS = 60_000;
const TS_BEGINS_MS = 1_400;

/** A transport stream of one packet each 40 ms. @param aheadMs what a packet's clock is ahead of its true time */
function broadcast(
  flv: Buffer,
  aheadMs: (place: number) => number,
  kind = VIDEO,
): { readonly bytes: Buffer; readonly timesMs: readonly number[] } {
  const writer = new TsWriter([kind]);
  const sent = flvTags(flv)
    .filter((tag) => tag.kind === kind)
    .slice(0, 1 + PICTURES)
    .map((tag, i) => {
      const trueMs = (i - 1) * 40;
      return { ...sentTag(tag), trueMs, atMs: trueMs + aheadMs(i) };
    });
  const timesMs = sent.filter(({ isHeader }) => !isHeader).map(({ atMs }) => atMs + TS_BEGINS_MS);
  return { bytes: writer.segment(sent), timesMs };
}

// From a pipe: ffmpeg goes back to the beginning of a file when it has looked at it.
const READ = ['-v', 'error', '-copyts', '-f', 'mpegts', '-i', 'pipe:0', '-c', 'copy', '-copyinkf'];

const NUT = ['-strict', 'experimental', '-syncpoints', 'none', '-write_index', '0', '-f', 'nut', '-'];

function pictures(folder: MediaFolder): Buffer {
  return folder.pipe('source.flv', [
    ...['-f', 'lavfi', '-i', 'testsrc2=size=160x96:rate=25:duration=2', '-c:v', 'libx264', '-bf', '0'],
    ...['-pix_fmt', 'yuv420p', '-g', '10', '-f', 'flv'],
  ]);
}

describeWith(['ffmpeg'], 'pictures whose clock begins anew before ffmpeg has seen many', () => {
  const folder = new MediaFolder();
  afterAll(() => folder.remove());

  it.each([
    ['alone', PACKED_TIMES.video],
    ['beside sound', videoBesideSound(44_100)],
  ])('come with the times that were sent, not with those that ffmpeg makes up: %s', (_how, filter) => {
    const flv = pictures(folder);
    const { bytes, timesMs } = broadcast(flv, (place) => (place <= ANEW_AT ? BEFORE_MS : 0));
    const packets = new NutReader().push(
      execFileSync('ffmpeg', [...READ, '-bsf:v', filter, ...NUT], { input: bytes }),
    );
    expect(packets.map(({ dts, offset }) => [dts / 90, offset])).toEqual(timesMs.map((ms) => [ms, 0]));
  });
});

describeWith(
  ['ffmpeg'],
  'pictures of an HLS source, one of which is stamped before the beginning of its counter',
  () => {
    const folder = new MediaFolder();
    afterAll(() => folder.remove());

    it('come with the times that were sent: not a turn of the counter later, and nor do those behind it', () => {
      const { bytes, timesMs } = broadcast(pictures(folder), (place) =>
        place === 10 ? -BEFORE_MS - 59_000 : 0,
      );
      const facts: SegmentFacts = {
        ...{ kind: 'ts', setup: undefined, startMs: timesMs[0], durationMs: 1_000, dateMs: undefined },
        ...{ isDiscontinuity: false, missedMs: 0, foundAtMs: 0, seenAtMs: 0 },
      };
      const { options } = inputFor(
        { url: '', facts },
        [],
        { hasSoundInside: true, leftOut: [] },
        0,
        () => undefined,
      );
      shiftClock(bytes, shiftOf(facts) * 90);
      const args = ['-v', 'error', '-copyts', ...options, '-i', 'pipe:0', '-c', 'copy', '-copyinkf'];
      const packets = new NutReader().push(
        execFileSync('ffmpeg', [...args, '-bsf:v', PACKED_TIMES.video, ...NUT], { input: bytes }),
      );
      expect(packets.map(({ dts, offset }) => (dts + offset) / 90)).toEqual(timesMs);
    });
  },
);

describeWith(['ffmpeg'], 'sound of which several frames have one time', () => {
  const folder = new MediaFolder();
  afterAll(() => folder.remove());

  it('comes with that, and to ffmpeg not far from the pictures: it would read no more of it before the input of those ends', () => {
    const sound = folder.pipe('sound.flv', [
      ...['-f', 'lavfi', '-i', 'sine=sample_rate=44100:duration=2', '-c:a', 'aac', '-f', 'flv'],
    ]);
    const { bytes, timesMs } = broadcast(sound, (place) => -40 * (place % 5), AUDIO);
    const filter = ['-bsf:a', PACKED_TIMES.audio];
    const packets = new NutReader().push(
      execFileSync('ffmpeg', [...READ, ...filter, ...NUT], { input: bytes }),
    );
    expect(packets).toHaveLength(PICTURES);
    for (const [place, { dts }] of packets.entries())
      expect(Math.abs((dts * 1_000) / 44_100 - (timesMs[place] ?? 0))).toBeLessThan(1);
    const crc = execFileSync('ffmpeg', [...READ, ...filter, '-f', 'framecrc', '-'], {
      input: bytes,
      encoding: 'utf8',
    });
    const decoded = crc
      .split('\n')
      .filter((line) => /^0,/.test(line))
      .map((line) => Number(line.split(',')[1]));
    // By any unit that ffmpeg counts in: else it is months.
    expect(Math.max(...decoded) - Math.min(...decoded)).toBeLessThan(2 * 90_000);
  });
});

describeWith(['ffmpeg'], 'a picture beside sound that is stamped hours ahead', () => {
  const folder = new MediaFolder();
  afterAll(() => folder.remove());

  it('is decoded, as ffmpeg is shown it, when its neighbours are: it would read all of the sound before the next one', () => {
    const { bytes } = broadcast(pictures(folder), (place) => (place === 10 ? 7_200_000 : 0));
    const args = [...READ, '-bsf:v', videoBesideSound(44_100), '-f', 'framecrc', '-'];
    const decoded = execFileSync('ffmpeg', args, { input: bytes, encoding: 'utf8' })
      .split('\n')
      .filter((line) => /^0,/.test(line))
      .map((line) => Number(line.split(',')[1]) / 90_000);
    expect(decoded).toHaveLength(PICTURES);
    expect(Math.max(...decoded) - Math.min(...decoded)).toBeLessThan(1.1);
  });
});
