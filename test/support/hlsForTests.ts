import { afterAll, beforeAll, expect } from 'vitest';
import type { RecordingSettings } from '../../functions/core/settings/settings.ts';
import { benchForTests, folderForTests } from './forTests.ts';
import {
  END,
  makeSegments,
  playlist,
  type Segments,
  type SegmentsOptions,
  segmentLines,
} from './hlsMedia.ts';
import { HlsSite } from './hlsSite.ts';
import { type LiveRecord, LiveRecording } from './liveRecording.ts';

export interface PutOptions extends SegmentsOptions {
  /** Of the segments' names; that of their kind by default. */
  readonly ext?: string;
}

/** A server of HLS, a recorder, and what the tests of a file do with both. */
export class HlsForTests {
  readonly bench = benchForTests();
  readonly folder = folderForTests();
  #site: HlsSite | undefined;
  /** By what they hold: many tests serve the same in another way. */
  readonly #made = new Map<string, Segments>();

  constructor() {
    beforeAll(async () => {
      this.#site = await HlsSite.start();
    });
    afterAll(() => this.#site?.close());
  }

  get site(): HlsSite {
    if (this.#site === undefined) throw new Error('the site is there once tests run');
    return this.#site;
  }

  make(options: SegmentsOptions): Segments {
    const known = JSON.stringify(options);
    const made = this.#made.get(known) ?? makeSegments(this.folder, options);
    this.#made.set(known, made);
    return made;
  }

  /** Makes segments and puts them below a folder of the name. @returns their lines of a playlist, by segment */
  put(name: string, options: PutOptions): string[][] {
    const { ext = options.type === 'fmp4' ? '.m4s' : '.ts', ...content } = options;
    const { init, segments } = this.make(content);
    if (init !== undefined) this.site.put(`/${name}/init.mp4`, init);
    return segments.map((segment, i) => {
      this.site.put(`/${name}/${i}${ext}`, segment);
      return [...segmentLines(`/${name}/${i}${ext}`, options.segmentSeconds)];
    });
  }

  /** The tag that names what `put` made for fragmented MP4. */
  map(name: string): string {
    return `#EXT-X-MAP:URI="/${name}/init.mp4"`;
  }

  start(path: string, settings: Partial<RecordingSettings> = {}): Promise<LiveRecording> {
    return LiveRecording.start(this.bench, this.site.origin + path, settings);
  }

  /** Records a finished playlist of these lines. */
  async record(
    name: string,
    lines: readonly string[],
    settings: Partial<RecordingSettings> = {},
  ): Promise<LiveRecord> {
    this.site.put(`/${name}.m3u8`, playlist(...lines, END));
    const recording = await this.start(`/${name}.m3u8`, settings);
    return recording.record(this.folder);
  }
}

export const framesOf = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);

/** All of it is there, without an error and without a gap. */
export function expectWhole(record: LiveRecord, frames: readonly number[], parts = 1): void {
  expect(record.reason.code).toBe('source_ended');
  expect(record.errors).toBe('');
  expect(record.counters).toEqual(frames);
  expect(record.parts).toHaveLength(parts);
  for (const { gaps = [] } of record.parts) expect(gaps).toEqual([]);
}
