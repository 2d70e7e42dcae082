import { MatroskaFragmentWriter } from '../matroska/fragmentWriter.ts';
import { Mp4FragmentWriter } from '../mp4/fragmentWriter.ts';
import { TsFragmentWriter } from '../mpegts/fragmentWriter.ts';
import type { ContainerFormat } from '../types.ts';
import type { FragmentWriter } from './fragmentWriter.ts';

/** Writes fragments of a kind of file. */
export function writerOf(format: ContainerFormat): FragmentWriter {
  switch (format) {
    case 'mp4':
      return new Mp4FragmentWriter();
    case 'webm':
    case 'mkv':
      return new MatroskaFragmentWriter(format);
    case 'ts':
      return new TsFragmentWriter();
  }
}
