import { describe, expect, it } from 'vitest';
import { decodeErrors, probe } from '../../../support/counterStream.ts';
import { folderForTests } from '../../../support/forTests.ts';
import { fragmentsOf, liveMedia, nutOf, partsOf } from '../../../support/liveMedia.ts';
import { frameHashes } from '../../../support/media.ts';
import { describeWith } from '../../../support/tools.ts';
import { joinTs } from '../../../support/ts.ts';

const ENCODERS = {
  h264: ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p'],
  hevc: ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error'],
} as const;
const SIZES = ['320x180', '640x360'] as const;

describeWith(['ffmpeg'], 'video parameters that change within the samples', () => {
  const folder = folderForTests();

  const encodings = new Map<string, Buffer>();
  /** A second of each size in a transport stream, and what ffmpeg copies of it for the recorder. */
  const copyOf = (codec: keyof typeof ENCODERS, sizes: readonly string[]): Buffer => {
    const encoded = sizes.map((size, place) => {
      const name = `${codec}-${size}.ts`;
      const made = encodings.get(`${name} ${place}`);
      if (made !== undefined) return made;
      const bytes = folder.make(name, [
        ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25:duration=1`, ...ENCODERS[codec], '-g', '13'],
        // Pixels that are wider than high.
        ...['-vf', 'setsar=4/3', '-output_ts_offset', String(1.1 * place), '-f', 'mpegts'],
      ]);
      encodings.set(`${name} ${place}`, bytes);
      return bytes;
    });
    return nutOf(folder.write('joined.ts', joinTs(encoded)));
  };

  describe.each(['h264', 'hevc'] as const)('%s', (codec) => {
    it.each(['mp4', 'mkv'] as const)(
      'begin a part of their own in %s, with pixels of the same shape',
      async (format) => {
        const parts = partsOf(copyOf(codec, SIZES), [{ kind: 'video', codec }], format);
        expect(parts).toHaveLength(2);
        for (const [place, part] of parts.entries()) {
          const size = SIZES[place] ?? '';
          const [width, height] = size.split('x').map(Number);
          expect(part.muxer.tracks).toEqual([{ kind: 'video', codec, width, height }]);
          const sent = await frameHashes(folder.file(`${codec}-${size}.ts`), 'v');
          const files = Object.entries({ begun: part.begun, finished: part.finished() }).map(
            ([state, bytes]) => folder.write(`${codec}-${place}-${state}.${format}`, bytes),
          );
          await Promise.all(
            files.map(async (file) => {
              const [errors, { streams }, hashes] = await Promise.all([
                decodeErrors(file),
                probe(file),
                frameHashes(file, 'v'),
              ]);
              expect(errors).toBe('');
              expect(streams[0]).toMatchObject({ width, height, sample_aspect_ratio: '4:3' });
              expect(hashes).toEqual(sent);
            }),
          );
        }
      },
      180_000,
    );

    it.each(['mp4', 'mkv'] as const)(
      'go on in the same %s when ffmpeg begins again with them',
      async (format) => {
        const found = [{ kind: 'video', codec }] as const;
        const [first, second] = partsOf(copyOf(codec, SIZES), found, format);
        const again = fragmentsOf(liveMedia(found, format), copyOf(codec, ['640x360']));
        const [next] = again;
        if (first === undefined || second === undefined || next === undefined)
          throw new Error('too few parts');
        expect(first.muxer.resume(next, first.muxer.summary.durationMs)).toBe(false);
        expect(second.muxer.resume(next, second.muxer.summary.durationMs)).toBe(true);
        for (const fragment of again) second.add(fragment);
        const file = folder.write(`${codec}-resumed.${format}`, second.finished());
        expect(await decodeErrors(file)).toBe('');
        const sent = await frameHashes(folder.file(`${codec}-640x360.ts`), 'v');
        expect(await frameHashes(file, 'v')).toEqual([...sent, ...sent]);
      },
      180_000,
    );
  });
});
