import { box, fullBox, u32, u64 } from '../../functions/core/media/mp4/boxes.ts';
import { fragmentedHead } from '../../functions/core/media/mp4/movie.ts';
import { newInitSegment } from '../../functions/core/media/mp4/newInitSegment.ts';
import { parseAacConfiguration } from '../../functions/core/media/tracks/aac.ts';
import type { TrackDescription } from '../../functions/core/media/tracks/sample.ts';
import { type SentTag, SIZES, VIDEO } from './media.ts';
import { codedData } from './writers.ts';

const VIDEO_TIMESCALE = 90_000;
const FRAME_MS = 40;
const AAC_FRAME_SAMPLES = 1_024;
/** Samples that are further apart are on another clock: a fragment's times only go on. */
const STEP_MAX_MS = 5_000;
/** What packagers for low latency write at a time. */
const PART_MS = 200;
const BASE_IS_MOOF = 0x2_0000;
const RUN_FLAGS = 0x701;
const SYNC = 0x200_0000;
const NON_SYNC = 0x101_0000;

/** Some tags as fragmented MP4. */
export interface WrittenSegment {
  readonly body: Buffer;
  /** Of those that are written at a time; none where all is. */
  readonly parts: readonly WrittenPart[];
}

/** One moof and its mdat. */
export interface WrittenPart {
  readonly at: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly endsAtMs: number;
  readonly hasKeyframe: boolean;
}

/** Writes init sections and segments of fragmented MP4, one after the other. */
export class Fmp4Writer {
  readonly #inParts: boolean;
  readonly #originMs: number;
  #sequence = 0;

  /**
   * @param inParts a fragment for each 200 ms, in place of one for each segment
   * @param originMs of the times: MP4 knows none below zero
   */
  constructor(inParts: boolean, originMs: number) {
    this.#inParts = inParts;
    this.#originMs = originMs;
  }

  /** @param configurations of the tracks that it declares */
  init(configurations: readonly SentTag[]): Buffer {
    const tracks = configurations.map((tag, i) => [i + 1, descriptionOf(tag)] as const);
    return fragmentedHead(newInitSegment(new Map(tracks)), () => []);
  }

  segment(tags: readonly SentTag[], configurations: readonly SentTag[]): WrittenSegment {
    // FLV says at its end that it ends, in a tag without a picture.
    const samples = tags.filter((tag) => !tag.isHeader && codedData(tag).length > 0);
    const groups = this.#grouped(samples);
    const type = box('styp', Buffer.from('msdh'), u32(0), Buffer.from('msdhmsix'));
    let end = type.length;
    const written = groups.map((group) => {
      const bytes = this.#fragment(group, configurations);
      const times = group.map(({ trueMs }) => trueMs);
      const endsAtMs = Math.max(...times) + FRAME_MS;
      const part = {
        at: end,
        bytes: bytes.length,
        seconds: (endsAtMs - Math.min(...times)) / 1_000,
        endsAtMs,
        hasKeyframe: group.some(({ isKeyframe }) => isKeyframe),
      };
      end += bytes.length;
      return { bytes, part };
    });
    return {
      body: Buffer.concat([type, ...written.map(({ bytes }) => bytes)]),
      parts: this.#inParts ? written.map(({ part }) => part) : [],
    };
  }

  #grouped(tags: readonly SentTag[]): SentTag[][] {
    const groups: SentTag[][] = [];
    const last = new Map<number, SentTag>();
    for (const tag of tags) {
      const stepMs = tag.atMs - (last.get(tag.kind)?.atMs ?? tag.atMs);
      const isFull = this.#inParts && tag.trueMs - (groups.at(-1)?.[0]?.trueMs ?? 0) >= PART_MS;
      if (groups.length === 0 || stepMs < 0 || stepMs > STEP_MAX_MS || isFull) {
        groups.push([]);
        last.clear();
      }
      groups.at(-1)?.push(tag);
      last.set(tag.kind, tag);
    }
    return groups;
  }

  #fragment(tags: readonly SentTag[], configurations: readonly SentTag[]): Buffer {
    this.#sequence += 1;
    const runs = configurations.flatMap((configuration, i) => {
      const samples = tags.filter(({ kind }) => kind === configuration.kind);
      return samples.length === 0 ? [] : [{ id: i + 1, configuration, samples }];
    });
    const data = runs.map(({ samples }) => Buffer.concat(samples.map(codedData)));
    const moof = (offsets: readonly number[]): Buffer =>
      box(
        'moof',
        fullBox('mfhd', 0, 0, u32(this.#sequence)),
        ...runs.map((run, i) => this.#trackFragment(run, offsets[i] ?? 0)),
      );
    let at = moof([]).length + 8;
    const offsets = data.map(({ length }) => {
      at += length;
      return at - length;
    });
    return Buffer.concat([moof(offsets), box('mdat', ...data)]);
  }

  #trackFragment({ id, configuration, samples }: Run, dataOffset: number): Buffer {
    const timescale = timescaleOf(configuration);
    const times = samples.map(({ atMs }) => Math.round(((atMs + this.#originMs) * timescale) / 1_000));
    const usual = configuration.kind === VIDEO ? (FRAME_MS * timescale) / 1_000 : AAC_FRAME_SAMPLES;
    const fields = samples.flatMap((tag, i) => [
      (times[i + 1] ?? (times[i] ?? 0) + usual) - (times[i] ?? 0),
      codedData(tag).length,
      tag.kind !== VIDEO || tag.isKeyframe ? SYNC : NON_SYNC,
    ]);
    return box(
      'traf',
      fullBox('tfhd', 0, BASE_IS_MOOF, u32(id)),
      fullBox('tfdt', 1, 0, u64(times[0] ?? 0)),
      fullBox('trun', 0, RUN_FLAGS, u32(samples.length, dataOffset, ...fields)),
    );
  }
}

interface Run {
  readonly id: number;
  readonly configuration: SentTag;
  readonly samples: readonly SentTag[];
}

const timescaleOf = (configuration: SentTag): number =>
  configuration.kind === VIDEO
    ? VIDEO_TIMESCALE
    : parseAacConfiguration(codedData(configuration)).sampleRateHz;

function descriptionOf(tag: SentTag): TrackDescription {
  const configuration = codedData(tag);
  const [width, height] = SIZES[tag.variant];
  return {
    info:
      tag.kind === VIDEO
        ? { kind: 'video', codec: 'h264', width, height }
        : { kind: 'audio', codec: 'aac', ...parseAacConfiguration(configuration) },
    tag: Buffer.alloc(0),
    configuration,
    timescale: timescaleOf(tag),
    pixelWidth: 1,
    pixelHeight: 1,
    primingSamples: 0,
  };
}
