import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SOURCE_PROTOCOLS } from '../../functions/core/source/sourceUrl.ts';
import type { Podman } from './podman.ts';

/** What HTTP sources are filtered by, and what ffmpeg writes to. */
const OWN_PROTOCOLS = ['httpproxy', 'pipe'];
/** Demuxers that open what their input names, or devices: a source may not choose them. */
const UNWANTED_DEMUXERS = [
  'concat',
  'dash',
  'hls',
  'image2',
  'image2pipe',
  'imf',
  'lavfi',
  'rtp',
  'sdp',
  'tty',
];

/** `FONT_PATH` of container/Dockerfile. */
const FONT = 'usr/share/fonts/truetype/dejavu/DejaVuSans.ttf';

/** The image's ffmpeg, outside of the image: its own loader runs it with its own libraries. */
export class ImageFfmpeg {
  /** A program that is called as any other ffmpeg. */
  readonly path: string;
  /** The image's own, of which it is told by a variable. */
  readonly fontPath: string;
  readonly #startsFile: string;

  private constructor(program: string, folder: string) {
    this.path = program;
    this.fontPath = path.join(folder, FONT);
    this.#startsFile = `${program}.starts`;
  }

  /** @param folder is made, and holds the image's files from then on */
  static takeOut(podman: Podman, folder: string): ImageFfmpeg {
    podman.copyFiles(folder);
    const libraries = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter(({ name }) => /\.so(\.|$)/.test(name))
      .map(({ name, parentPath }) => path.join(parentPath, name));
    const loader = libraries.find((library) => path.basename(library).startsWith('ld-linux'));
    assert.ok(loader !== undefined, 'the image has no loader');
    const folders = [...new Set(libraries.map((library) => path.dirname(library)))].join(':');
    const ffmpeg = new ImageFfmpeg(path.join(folder, 'ffmpeg'), folder);
    // Under its usual name, and with no other environment, which tests look for: a shell would add to it.
    const script = [
      '#!/usr/bin/perl',
      `open(my $starts, '>>', '${ffmpeg.#startsFile}') or die; print $starts "\\n"; close($starts);`,
      `exec { '${loader}' } 'ffmpeg', '--library-path', '${folders}', '${path.join(folder, 'usr/bin/ffmpeg')}', @ARGV;`,
    ];
    writeFileSync(ffmpeg.path, `${script.join('\n')}\n`, { mode: 0o755 });
    return ffmpeg;
  }

  get wasStarted(): boolean {
    return existsSync(this.#startsFile);
  }

  /** It can open what sources need, and nothing else. */
  checkProtocols(): void {
    const protocols = new Set(
      this.#list('-protocols').flatMap((line) => /^ {2}(\w+)$/.exec(line)?.[1] ?? []),
    );
    const wanted = new Set([...Object.values(SOURCE_PROTOCOLS).flat(), ...OWN_PROTOCOLS]);
    // To ffmpeg this is a demuxer.
    wanted.delete('rtsp');
    assert.deepEqual([...protocols].sort(), [...wanted].sort(), 'protocols');
    const demuxers = this.#list('-demuxers').flatMap(
      (line) => /^ D\S* +(\S+)/.exec(line)?.[1]?.split(',') ?? [],
    );
    assert.ok(demuxers.includes('mpegts'), demuxers.join(' '));
    assert.deepEqual(
      demuxers.filter((name) => UNWANTED_DEMUXERS.includes(name)),
      [],
      'demuxers',
    );
  }

  #list(option: string): string[] {
    return execFileSync(this.path, ['-hide_banner', option], { encoding: 'utf8' }).split('\n');
  }
}
