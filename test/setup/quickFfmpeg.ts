import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { findOnPath } from '../../infra/local/tools.ts';

/**
 * Debian's ffmpeg is linked with two hundred libraries. To load them takes a tenth of a second of a core at each start,
 * which is more than what most of the thousands of runs in tests do then. For those that no test uses (speech, SVG,
 * screens, sound cards, GPUs, discs, …) one empty library stands in; a call of what they have ends the program by SIGILL.
 * The programs themselves, the libav libraries and the codecs are the installed ones.
 */
const NEVER_USED = [
  ...['flite', 'pocketsphinx', 'sphinxbase', 'bs2b', 'lilv', 'rubberband', 'mysofa', 'vidstab', 'zimg'],
  ...['placebo', 'OpenCL', 'mfx', 'va', 'vdpau', 'drm', 'X11', 'Xext', 'Xv', 'xcb', 'GL', 'SDL2', 'caca'],
  ...['asound', 'pulse', 'jack', 'openal', 'cdio', 'dc1394', 'raw1394', 'avc1394', 'rom1394', 'iec61883'],
  ...['rsvg', 'cairo', 'gobject', 'jxl', 'openjp2', 'rav1e'],
  ...['chromaprint', 'bluray', 'rabbitmq', 'rist', 'ssh', 'zmq', 'xml2', 'codec2'],
  ...['shine', 'twolame', 'gsm', 'snappy', 'soxr', 'xvidcore', 'webp', 'webpmux'],
];
const IS_NEVER_USED = new RegExp(`^lib(${NEVER_USED.join('|')})[-_.]`);
const PROGRAMS = ['ffmpeg', 'ffprobe'];
/** To see which libraries there are, and to make one. */
export const BUILD_TOOLS = ['ldd', 'readelf', 'nm', 'gcc'];
const CACHE = path.resolve(import.meta.dirname, '../../node_modules/.cache/quick-ffmpeg');

/** From here on ffmpeg starts quickly, where that can be: on a machine with a compiler. */
export function setup(): void {
  const programs = PROGRAMS.map(findOnPath).filter((program) => program !== undefined);
  if (programs.length < PROGRAMS.length || BUILD_TOOLS.some((tool) => findOnPath(tool) === undefined)) return;
  if (programs.some((program) => program.startsWith(CACHE))) return;
  try {
    const folder = quickFolder(programs, CACHE);
    for (const name of PROGRAMS) execFileSync(path.join(folder, name), ['-version']);
    process.env.PATH = `${folder}${path.delimiter}${process.env.PATH}`;
  } catch (error) {
    console.error('ffmpeg starts as slowly in these tests as it is installed:', error);
  }
}

/**
 * @param programs absolute paths
 * @returns a folder that has them by the same names
 */
export function quickFolder(programs: readonly string[], cache: string): string {
  const told = output('ldd', programs);
  const loader = /^\t(\/\S+)/m.exec(told)?.[1];
  if (loader === undefined) throw new Error(`these programs have no loader: ${programs.join(', ')}`);
  const places = new Map(
    [...told.matchAll(/^\t(\S+) => (\/\S+)/gm)].map(([, name = '', file = '']) => [name, file]),
  );
  const folder = path.join(cache, keyOf([loader, ...programs, ...places.values()]));
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  // Another run may make the same.
  const made = mkdtempSync(path.join(cache, 'new-'));
  const libraries = path.join(made, 'libraries');
  mkdirSync(libraries);
  makeStandIn([loader, ...programs], places, libraries);
  for (const program of programs) {
    const name = path.basename(program);
    const whole = [name, '--library-path', path.join(folder, 'libraries'), program];
    compile(launcherOf(loader, whole), ['-static'], path.join(made, name));
  }
  if (existsSync(folder)) rmSync(made, { recursive: true });
  else renameSync(made, folder);
  return folder;
}

/**
 * By the loader, not by a variable: the environment is all that the program is given.
 * @param whole what is called, from its own name on; the launcher's arguments follow
 */
function launcherOf(loader: string, whole: readonly string[]): string {
  const given = whole.map((one) => JSON.stringify(one)).join(', ');
  return `
    #include <string.h>
    #include <unistd.h>
    int main(int count, char **own) {
      char *whole[${whole.length} + count];
      memcpy(whole, (char *[]){${given}}, ${whole.length} * sizeof *whole);
      memcpy(whole + ${whole.length}, own + 1, count * sizeof *whole);
      execv(${JSON.stringify(loader)}, whole);
      return 127;
    }`;
}

/** Another where one of them is installed anew. */
function keyOf(files: readonly string[]): string {
  const hash = createHash('sha256').update(NEVER_USED.join());
  for (const file of files) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`\n${file} ${size} ${mtimeMs}`);
  }
  return hash.digest('hex').slice(0, 16);
}

/** One library, under the names of all that are never used: the loader takes the same file but once. */
function makeStandIn(files: readonly string[], places: ReadonlyMap<string, string>, folder: string): void {
  const needs = neededBy([...files, ...places.values()]);
  const standIns = new Set<string>();
  // It grows while it is gone through.
  const used = new Set(files);
  for (const file of used)
    for (const name of needs.get(file) ?? []) {
      const place = places.get(name);
      if (IS_NEVER_USED.test(name)) standIns.add(name);
      else if (place !== undefined) used.add(place);
    }
  for (const name of standIns) symlinkSync('stand-in.so', path.join(folder, name));
  const there = new Set(symbolsOf(used, '--defined-only').map(({ name }) => name));
  const missing = symbolsOf(used, '--undefined-only').filter(
    ({ type, name }) => type === 'U' && !there.has(name),
  );
  const code = [...new Set(missing.map(({ name }) => `void ${name}(void) { __builtin_trap(); }\n`))];
  const versions = Map.groupBy(missing, ({ version }) => version);
  versions.delete('');
  const script = [...versions].map(
    ([version, own]) => `${version} { ${own.map(({ name }) => `${name};`).join(' ')} };\n`,
  );
  const versionScript = path.join(folder, 'versions');
  writeFileSync(versionScript, script.join(''));
  // The linker refuses an empty one.
  const versioned = script.length === 0 ? [] : [`-Wl,--version-script=${versionScript}`];
  const how = ['-w', '-fno-builtin', '-fPIC', '-shared', '-nostdlib', ...versioned];
  compile(code.join(''), how, path.join(folder, 'stand-in.so'));
}

function compile(code: string, how: readonly string[], file: string): void {
  execFileSync('gcc', [...how, '-x', 'c', '-', '-o', file], { input: code });
}

/** By the file, the names of the libraries that it is linked with. */
function neededBy(files: readonly string[]): Map<string, string[]> {
  const [, ...parts] = output('readelf', ['-d', ...files]).split(/^File: /m);
  return new Map(
    parts.map((part) => [
      part.slice(0, part.indexOf('\n')),
      [...part.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name = '']) => name),
    ]),
  );
}

/** @returns as nm has them; the version is '' for none */
function symbolsOf(files: Iterable<string>, which: '--defined-only' | '--undefined-only') {
  const lines = output('nm', ['-D', '--with-symbol-versions', which, ...files]);
  return [...lines.matchAll(/ (\w) ([^@\s]+)(?:@+(\S+))?$/gm)].map(
    ([, type = '', name = '', version = '']) => ({
      type,
      name,
      version,
    }),
  );
}

const output = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 ** 2 });
