import { describe, expect, it } from 'vitest';
import { FlvClip } from '../../bench/recorder/flvClip.ts';
import { cpuSeconds, memoryMb } from '../../bench/recorder/processes.ts';

const AUDIO = 8;
const VIDEO = 9;
const SCRIPT = 18;

function tag(type: number, timeMs: number, packetType: number): Buffer {
  const bytes = Buffer.alloc(11 + 5 + 4);
  bytes[0] = type;
  bytes.writeUIntBE(5, 1, 3);
  bytes.writeUIntBE(timeMs % 2 ** 24, 4, 3);
  bytes[7] = Math.floor(timeMs / 2 ** 24);
  bytes[12] = packetType;
  return bytes;
}

function times(media: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at < media.length; at += 20) {
    found.push(media.readUIntBE(at + 4, 3) + (media[at + 7] ?? 0) * 2 ** 24);
  }
  return found;
}

describe('FlvClip', () => {
  const parameters = [tag(VIDEO, 0, 0), tag(AUDIO, 0, 0)];
  const media = [tag(VIDEO, 0, 1), tag(AUDIO, 23, 1), tag(VIDEO, 40, 1)];
  const rest = [tag(AUDIO, 8_000, 1), tag(VIDEO, 8_000, 2)];
  const header = Buffer.from('FLV........\0\0');
  const clip = FlvClip.parse(Buffer.concat([header, tag(SCRIPT, 0, 0), ...parameters, ...media, ...rest]));

  it('gives header and parameters once, without metadata that name a duration', () => {
    expect(clip.head).toEqual(Buffer.concat([header, ...parameters]));
  });

  it('goes on in time with each repetition, past 24 bits of milliseconds', () => {
    expect(times(clip.repetition(0))).toEqual([0, 23, 40]);
    expect(times(clip.repetition(1))).toEqual([8_000, 8_023, 8_040]);
    const aDay = 24 * 3_600 * 1_000;
    expect(times(clip.repetition(aDay / clip.durationMs))).toEqual([aDay, aDay + 23, aDay + 40]);
  });

  it('knows which bytes are due', () => {
    expect([0, 1, 23, 24, 41].map((ms) => clip.bytesUntil(ms))).toEqual([0, 20, 20, 40, 60]);
    expect(clip.bytes).toBe(60);
  });
});

describe.runIf(process.platform === 'linux')('what Linux knows of a process', () => {
  it('CPU seconds grow with work; the peak of memory is not below what is used now', () => {
    const before = cpuSeconds(process.pid);
    const until = performance.now() + 50;
    let work = 0;
    while (performance.now() < until) work += Math.sqrt(work + 1);
    expect(cpuSeconds(process.pid)).toBeGreaterThan(before);
    // What is used grows between two readings: the peak is read after it.
    const usedMb = memoryMb(process.pid, 'VmRSS');
    expect(usedMb).toBeGreaterThan(10);
    expect(memoryMb(process.pid, 'VmHWM')).toBeGreaterThanOrEqual(usedMb);
  });
});
