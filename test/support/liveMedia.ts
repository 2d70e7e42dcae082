import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { ffmpegArguments, trackOutputs } from '../../container/source/ffmpegArguments.ts';
import { SourceTimeline } from '../../functions/core/media/timeline/sourceTimeline.ts';
import { LiveMedia } from '../../functions/core/media/tracks/liveMedia.ts';
import type { ContainerFormat, Fragment } from '../../functions/core/media/types.ts';
import type { EncodingPlan } from '../../functions/core/settings/formats.ts';
import type { FoundStream } from '../../functions/core/settings/selectTracks.ts';
import { DEFAULT_SETTINGS } from '../../functions/core/settings/settings.ts';
import { made } from './madeMedia.ts';
import { PartInMemory } from './parts.ts';

const COPY: EncodingPlan = { format: 'mp4', audio: 'copy', maps: ['0:v:0', '0:a:0'], leftOut: [] };

/** What the recorder's ffmpeg writes to its first pipe when its source is this file: once for what the file holds. */
export function nutOf(file: string, maps = COPY.maps): Buffer {
  const url = 'http://127.0.0.1/live.flv';
  const args = ffmpegArguments(
    { url, settings: DEFAULT_SETTINGS, rejoins: false },
    { url, options: [], isFed: false, others: [], hasSoundInside: true },
    { ...COPY, maps },
  );
  const after = args.indexOf('-i') + 2;
  const own = ['-copyts', '-i', file, ...args.slice(after)];
  const make = (): Buffer =>
    execFileSync('ffmpeg', ['-nostdin', '-v', 'error', ...own], { maxBuffer: 256 * 1024 * 1024 });
  return made({ args: own, folder: path.dirname(file), output: 'pipe', extension: '' }, make);
}

type Found = readonly Omit<FoundStream, 'index'>[];

/** What makes fragments of it. */
export function liveMedia(
  found: Found,
  format: ContainerFormat,
  maps = COPY.maps,
  receivedAtMs?: number,
): LiveMedia {
  const streams = found.map((one, index) => ({ ...one, index }));
  const outputs = trackOutputs({ ...COPY, format, maps }, { streams, programs: [] });
  return new LiveMedia(outputs, format, { timeline: new SourceTimeline(), receivedAtMs });
}

/** All fragments of it, in memory of their own. */
export function fragmentsOf(media: LiveMedia, nut: Buffer, chunkBytes = 4_096): Fragment[] {
  const fragments: Fragment[] = [];
  const keep = (fragment: Fragment): void => {
    fragments.push({ ...fragment, bytes: Buffer.from(fragment.bytes) });
  };
  for (let at = 0; at < nut.length; at += chunkBytes) {
    media.push(0, nut.subarray(at, at + chunkBytes), 0);
    for (let next = media.next(0); next !== undefined; next = media.next(0)) keep(next);
  }
  for (let next = media.rest(0); next !== undefined; next = media.rest(0)) keep(next);
  return fragments;
}

/** The parts that the recorder makes of it, as if nothing but the source asked for a new one. */
export function partsOf(
  nut: Buffer,
  found: Found,
  format: ContainerFormat,
  chunkBytes = 4_096,
  maps = COPY.maps,
): PartInMemory[] {
  const media = liveMedia(found, format, maps);
  const parts: PartInMemory[] = [];
  for (const fragment of fragmentsOf(media, nut, chunkBytes)) {
    const part = parts.at(-1);
    if (part?.muxer.accepts(fragment) === true) part.add(fragment);
    else parts.push(new PartInMemory(media, [fragment]));
  }
  return parts;
}
