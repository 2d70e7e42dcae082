import { afterAll, expect, it } from 'vitest';
import type { ContainerFormat, Fragment } from '../../../../functions/core/media/types.ts';
import { decodeErrors } from '../../../support/counterStream.ts';
import { liveMedia, nutOf } from '../../../support/liveMedia.ts';
import { frameHashes, MediaFolder } from '../../../support/media.ts';
import { PartInMemory } from '../../../support/parts.ts';
import { describeWith } from '../../../support/tools.ts';

const KEYFRAME_EVERY = 27;
/** Behind each keyframe but the first: the last group of three B-pictures is cut short. */
const LEADING = 2;
const OPEN = `open-gop=1:keyint=${KEYFRAME_EVERY}:min-keyint=${KEYFRAME_EVERY}:bframes=3:b-adapt=0:scenecut=0`;
/** Encoders of open GOPs tell a decoder at each keyframe which earlier pictures to forget. */
const ENCODED: readonly (readonly [name: string, format: ContainerFormat, more: string])[] = [
  ['CABAC', 'mp4', ''],
  ['CABAC', 'ts', ''],
  ['CAVLC', 'mp4', ':cabac=0'],
  ['several references and slices, weighted', 'mkv', ':ref=4:slices=3:weightp=2:weightb=1'],
  ['strict pyramid', 'mp4', ':ref=3:b-pyramid=1'],
  ['interlaced', 'mp4', ':tff=1'],
  ['keyframes that nobody marks', 'mp4', ''],
];

/** H.264's NAL units of type 6, by which MPEG-TS says that decoding can begin. */
const WITHOUT_RECOVERY_POINTS = ['-bsf:v', 'filter_units=remove_types=6'];

describeWith(['ffmpeg'], 'parts of open GOPs', () => {
  const folder = new MediaFolder();
  afterAll(() => folder.remove());

  it.each(ENCODED)(
    'of %s in %s: a decoder misses nothing, and shows nothing that it cannot know',
    async (name, format, more) => {
      const stem = `${name.replaceAll(/\W/g, '')}-${format}`;
      const isUnmarked = name.endsWith('nobody marks');
      const container = isUnmarked ? 'ts' : 'mp4';
      folder.make(`${stem}-source.${container}`, [
        ...['-f', 'lavfi', '-i', 'testsrc2=size=160x96:rate=25:duration=4', '-c:v', 'libx264'],
        ...['-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-x264-params', `${OPEN}${more}`],
        ...(isUnmarked ? WITHOUT_RECOVERY_POINTS : []),
      ]);
      const source = folder.file(`${stem}-source.${container}`);
      const media = liveMedia([{ kind: 'video', codec: 'h264' }], format, ['0:v:0']);
      const parts: PartInMemory[] = [];
      const add = (fragment: Fragment): void => {
        const first = fragment.keyframe ? (fragment.asBeginning?.('nothing') ?? fragment) : undefined;
        const { bytes, ...rest } = first ?? fragment;
        const kept = { ...rest, bytes: Buffer.from(bytes) };
        if (first === undefined) parts.at(-1)?.add(kept);
        else parts.push(new PartInMemory(media, [kept]));
      };
      media.push(0, nutOf(source, ['0:v:0']), 0);
      for (let next = media.next(0); next !== undefined; next = media.next(0)) add(next);
      for (let next = media.rest(0); next !== undefined; next = media.rest(0)) add(next);
      expect(parts).toHaveLength(4);
      const shown: string[] = [];
      for (const [place, part] of parts.entries()) {
        const file = folder.write(`${stem}-${place}.${format}`, part.finished());
        expect(await decodeErrors(file)).toBe('');
        shown.push(...(await frameHashes(file, 'v')));
      }
      const wanted = await frameHashes(source, 'v');
      expect(shown.filter((hash) => !wanted.includes(hash))).toEqual([]);
      expect(wanted.length - shown.length).toBe((parts.length - 1) * LEADING);
    },
  );
});
