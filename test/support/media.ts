import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { hashesOf, packetsOf, type StreamKind } from './decoding.ts';
import { made, SOURCES } from './madeMedia.ts';

const run = promisify(execFile);
/**
 * Encoders' threads that wait for each other take several times as much of a busy machine as such short media need, and
 * what they make depends on how many there are.
 */
const ONE_THREAD = ['-threads', '1'];

/** A folder of media files for one test file. */
export class MediaFolder {
  readonly path = mkdtempSync(path.join(tmpdir(), 'media-'));

  file(name: string): string {
    return path.join(this.path, name);
  }

  write(name: string, bytes: Buffer): string {
    const file = this.file(name);
    SOURCES.delete(file);
    writeFileSync(file, bytes);
    return file;
  }

  /** What ffmpeg makes of these arguments: the file's bytes. */
  make(name: string, args: readonly string[]): Buffer {
    const file = this.file(name);
    const whole = [...args, ...ONE_THREAD];
    const making = { args: whole, folder: this.path, output: 'file', extension: path.extname(name) } as const;
    const bytes = made(making, () => {
      execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...whole, file]);
      return readFileSync(file);
    });
    SOURCES.add(this.write(name, bytes));
    return bytes;
  }

  /** As `make`, but ffmpeg writes to a pipe and cannot go back. */
  pipe(name: string, args: readonly string[]): Buffer {
    const options = { maxBuffer: 256 * 1024 * 1024 };
    const whole = [...args, ...ONE_THREAD];
    const bytes = made({ args: whole, folder: this.path, output: 'pipe', extension: '' }, () =>
      execFileSync('ffmpeg', ['-v', 'error', '-nostdin', ...whole, 'pipe:1'], options),
    );
    SOURCES.add(this.write(name, bytes));
    return bytes;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A hash of every decoded frame of the first stream of a kind, in the order shown. @param fromSeconds what to seek to */
export function frameHashes(file: string, kind: StreamKind, fromSeconds = 0): Promise<string[]> {
  return hashesOf(file, kind, fromSeconds);
}

/** The width of every decoded frame. */
export async function frameWidths(file: string): Promise<number[]> {
  const args = ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'frame=width', '-of', 'json', file];
  const { stdout } = await run('ffprobe', args, { maxBuffer: 16 * 1024 * 1024 });
  const { frames } = JSON.parse(stdout) as { frames: { width: number }[] };
  return frames.map(({ width }) => width);
}

/** A hash of every packet of the first stream of a kind, as it lies in the file. */
export function packetHashes(file: string, kind: StreamKind): Promise<string[]> {
  return packetsOf(file, kind);
}
