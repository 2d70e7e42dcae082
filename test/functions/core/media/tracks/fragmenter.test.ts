import { describe, expect, it } from 'vitest';
import { Fragmenter } from '../../../../../functions/core/media/tracks/fragmenter.ts';
import type {
  FragmentTimes,
  FragmentWriter,
  TrackSamples,
} from '../../../../../functions/core/media/tracks/fragmentWriter.ts';
import type { TrackDescription } from '../../../../../functions/core/media/tracks/sample.ts';

const [PICTURES, SOUND] = [1, 2];
const FRAME_MS = 40;
const HALTS_MS = 480;
const CHANGES_MS = 200;

const described = (kind: 'video' | 'audio', rateHz?: number): TrackDescription => ({
  info: {
    kind,
    codec: kind === 'video' ? 'h264' : 'aac',
    ...(rateHz === undefined ? {} : { sampleRateHz: rateHz }),
  },
  tag: Buffer.alloc(4),
  configuration: Buffer.alloc(0),
  timescale: 1_000,
  pixelWidth: 1,
  pixelHeight: 1,
  primingSamples: 0,
});
const [VIDEO, FIRST, OTHER] = [described('video'), described('audio', 44_100), described('audio', 48_000)];

/** What the fragments are made of, in place of their bytes. */
class Written implements FragmentWriter {
  readonly all: {
    readonly rateHz: number | undefined;
    readonly startMs: number;
    readonly keyframe: boolean;
  }[] = [];

  write(tracks: readonly TrackSamples[], times: FragmentTimes): FragmentTimes & { bytes: Buffer } {
    const sound = tracks.find(({ id }) => id === SOUND);
    const { startMs, keyframe } = times;
    this.all.push({ rateHz: sound?.description.info.sampleRateHz, startMs, keyframe });
    return { ...times, bytes: Buffer.alloc(0) };
  }

  startPart(): never {
    throw new Error('nobody asks for a part');
  }
}

/** Cuts fragments of what comes by and by. */
class Fragmenting {
  readonly #written = new Written();
  readonly #fragmenter = new Fragmenter(this.#written);

  /** A track's samples of a stretch have come. */
  push(id: number, fromMs: number, untilMs: number, nowMs: number): void {
    for (let dts = fromMs; dts < untilMs; dts += FRAME_MS) {
      const description = id === PICTURES ? VIDEO : dts < CHANGES_MS ? FIRST : OTHER;
      const keyframe = id === SOUND || dts % 1_000 === 0;
      this.#fragmenter.push(id, { description, dts, offset: 0, keyframe, data: Buffer.alloc(1) }, nowMs);
    }
  }

  /** @returns the first fragment by now that has the other sound */
  changed(nowMs: number): Written['all'][number] | undefined {
    while (this.#fragmenter.next(nowMs) !== undefined);
    return this.#written.all.find(({ rateHz }) => rateHz === 48_000);
  }
}

describe('sound that changes before the next keyframe', () => {
  it('begins nothing while all that comes has halted with the pictures: those that follow go on where they were', () => {
    const media = new Fragmenting();
    media.push(PICTURES, 0, HALTS_MS, 0);
    media.push(SOUND, 0, HALTS_MS, 0);
    for (const nowMs of [0, 700, 1_600, 2_900]) expect(media.changed(nowMs)).toBeUndefined();
    // Sound is there a moment before the pictures.
    media.push(SOUND, HALTS_MS, 1_400, 2_900);
    expect(media.changed(2_900)).toBeUndefined();
    media.push(PICTURES, HALTS_MS, 1_400, 2_950);
    for (const nowMs of [2_950, 4_500]) media.changed(nowMs);
    expect(media.changed(4_500)).toEqual({ rateHz: 48_000, startMs: CHANGES_MS, keyframe: true });
  });

  it('goes on without the pictures where it comes and they do not', () => {
    const media = new Fragmenting();
    media.push(PICTURES, 0, HALTS_MS, 0);
    media.push(SOUND, 0, HALTS_MS, 0);
    let nowMs = 0;
    for (; media.changed(nowMs) === undefined; nowMs += 200)
      media.push(SOUND, HALTS_MS + nowMs, HALTS_MS + nowMs + 200, nowMs);
    expect(nowMs).toBeLessThan(2_000);
    expect(media.changed(nowMs)).toEqual({ rateHz: 48_000, startMs: CHANGES_MS, keyframe: false });
  });

  it('is held back for three seconds at most', () => {
    const media = new Fragmenting();
    media.push(PICTURES, 0, HALTS_MS, 0);
    media.push(SOUND, 0, HALTS_MS, 0);
    for (const nowMs of [0, 1_600, 2_999]) expect(media.changed(nowMs)).toBeUndefined();
    expect(media.changed(3_000)).toEqual({ rateHz: 48_000, startMs: CHANGES_MS, keyframe: false });
  });
});

describe('pictures that go on without a keyframe behind a part', () => {
  const declared = (goesOn?: readonly TrackDescription[]): Written['all'] => {
    const written = new Written();
    const fragmenter = new Fragmenter(
      written,
      undefined,
      goesOn?.map(({ info }) => info),
    );
    fragmenter.declare(PICTURES, 'video', VIDEO);
    fragmenter.declare(SOUND, 'audio', OTHER);
    for (let dts = 200; dts < 2_200; dts += FRAME_MS) {
      const data = Buffer.alloc(1);
      fragmenter.push(PICTURES, { description: VIDEO, dts, offset: 0, keyframe: dts === 1_000, data }, 0);
    }
    for (const nowMs of [2_000, 3_000]) while (fragmenter.next(nowMs) !== undefined);
    return written.all;
  };

  it.each([
    ['none', [VIDEO]],
    ['another', [VIDEO, FIRST]],
  ])(
    'go on without sound in one that has %s: what has begun since comes with the next keyframe',
    (_, goesOn) => {
      const [first, ...others] = declared(goesOn).map(({ rateHz, keyframe }) => [rateHz, keyframe]);
      expect(first).toEqual([undefined, false]);
      expect(others.find(([, keyframe]) => keyframe)).toEqual([48_000, true]);
    },
  );

  it('go on in one with the same sound, though none of it has come yet', () => {
    expect(declared([VIDEO, OTHER])[0]).toMatchObject({ rateHz: 48_000, keyframe: false });
  });
});
