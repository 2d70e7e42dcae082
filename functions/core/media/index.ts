import { MatroskaReader } from './matroska/reader.ts';
import { Mp4Reader } from './mp4/reader.ts';
import { TsReader } from './mpegts/reader.ts';
import type { ContainerFormat, FragmentReader } from './types.ts';

export * from './types.ts';

/** A reader for what ffmpeg writes in this format. */
export function createReader(format: ContainerFormat): FragmentReader {
  switch (format) {
    case 'mp4':
      return new Mp4Reader();
    case 'webm':
    case 'mkv':
      return new MatroskaReader();
    case 'ts':
      return new TsReader();
  }
}
