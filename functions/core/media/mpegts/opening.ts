import { PACKET_BYTES, readPacket, readPesTimes, TICKS_PER_MS } from './packets.ts';
import { type ElementaryStream, elementaryStreams, programMapPid } from './tables.ts';

const SYNC = 0x47;

/** How a transport stream begins. */
export interface TsOpening {
  /** Of its first program, which may be written differently in each segment: PIDs with their codecs. */
  readonly program: string | undefined;
  /** The first presentation time, in milliseconds; undefined: not in these bytes. */
  readonly startMs: number | undefined;
  /** PIDs of the program's streams of which something is in these bytes: how long after the first of all, in ms. */
  readonly begun: ReadonlyMap<number, number>;
  /** What these are. */
  readonly come: ReadonlySet<'video' | 'audio'>;
  /** Nothing is missing of all this. */
  readonly isWhole: boolean;
}

/** @param bytes the beginning of a segment. What is damaged in it is passed over. */
export function readTsOpening(bytes: Buffer): TsOpening {
  let mapPid: number | undefined;
  let streams: readonly ElementaryStream[] | undefined;
  let startMs: number | undefined;
  const begun = new Map<number, number>();
  const hasAll = (): boolean => streams?.every((stream) => begun.has(stream.pid)) ?? false;
  for (let at = 0; at + PACKET_BYTES <= bytes.length; at += PACKET_BYTES) {
    if (!isPacket(bytes, at)) {
      const next = bytes.indexOf(SYNC, at + 1);
      if (next < 0) break;
      at = next - PACKET_BYTES;
      continue;
    }
    const { pid, unitStart, payloadAt } = readPacket(bytes, at);
    if (!unitStart) continue;
    const packet = bytes.subarray(at, at + PACKET_BYTES);
    if (pid === 0) mapPid ??= programMapPid(packet, payloadAt);
    else if (pid === mapPid) streams ??= elementaryStreams(packet, payloadAt);
    else {
      const times = readPesTimes(packet, payloadAt);
      const atMs = times === undefined ? startMs : times.pts / TICKS_PER_MS;
      startMs ??= atMs;
      if (!begun.has(pid)) begun.set(pid, Math.max(0, (atMs ?? 0) - (startMs ?? 0)));
    }
    if (startMs !== undefined && hasAll()) break;
  }
  const known = new Map([...begun].filter(([begunPid]) => streams?.some(({ pid }) => pid === begunPid)));
  const program = streams === undefined ? undefined : describe(streams);
  const come = new Set(streams?.flatMap(({ pid, info }) => (begun.has(pid) ? [info.kind] : [])));
  return { program, startMs, begun: known, come, isWhole: startMs !== undefined && hasAll() };
}

function isPacket(bytes: Buffer, at: number): boolean {
  const hasAdaptation = ((bytes[at + 3] as number) & 0x20) !== 0;
  return bytes[at] === SYNC && (!hasAdaptation || (bytes[at + 4] as number) <= PACKET_BYTES - 5);
}

function describe(streams: readonly ElementaryStream[]): string {
  return streams.map(({ pid, info }) => `${pid} ${info.codec}`).join(', ');
}
