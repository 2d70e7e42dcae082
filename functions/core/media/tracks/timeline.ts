import type { Sample } from './sample.ts';

/** Within a track times go ahead; a little back is jitter. */
const BACK_MAX_SECONDS = 0.5;
/** More ahead than the clock has gone by, and so much more, is no pause. */
const AHEAD_MAX_SECONDS = 10;
/** A pause before a jump of less than this is none. */
const PAUSE_MIN_SECONDS = 1;
/** What jumps is held until the next sample of its track says what it was, but not for longer. */
const HELD_MAX_MS = 1_000;

/** Times before and after a jump, and what the run's timeline makes of them. */
interface Era {
  /** From a time of the source to one of the run, in seconds. */
  readonly offset: number;
  /** Where the source's times have got to. */
  seconds: number;
}

interface TrackState {
  era: Era;
  seconds: number;
  readonly arrivedAtMs: number;
}

interface Held {
  readonly sample: Sample;
  readonly nowMs: number;
}

/**
 * Times as the source sends them, put right: what jumps ahead or back goes on where it was, a single sample that is
 * stamped far off is put between its neighbours. All tracks share one timeline, so they stay in sync.
 */
export class Timeline {
  readonly #tracks = new Map<number, TrackState>();
  readonly #held = new Map<number, Held>();
  #era: Era = { offset: 0, seconds: 0 };

  /** @returns the samples of the track that are known to be right now, in order */
  push(id: number, sample: Sample, nowMs: number): Sample[] {
    const seconds = sample.dts / sample.description.timescale;
    const track = this.#tracks.get(id);
    if (track === undefined) {
      this.#tracks.set(id, { era: this.#era, seconds, arrivedAtMs: nowMs });
      this.#era.seconds = Math.max(this.#era.seconds, seconds);
      return [moved(sample, this.#era.offset)];
    }
    const held = this.#held.get(id);
    if (held === undefined) {
      if (goesOn(track, seconds, nowMs)) return [this.#accept(id, track.era, sample, nowMs)];
      this.#hold(id, sample, nowMs);
      return [];
    }
    this.#held.delete(id);
    if (goesOn(track, seconds, nowMs)) return [mended(held.sample, track), this.#accept(id, track.era, sample, nowMs)];
    const heldSeconds = held.sample.dts / held.sample.description.timescale;
    if (goesOn({ seconds: heldSeconds, arrivedAtMs: held.nowMs }, seconds, nowMs)) {
      const jumped = this.#jump(id, track, held);
      const era = this.#tracks.get(id)?.era ?? track.era;
      return [jumped, this.#accept(id, era, sample, nowMs)];
    }
    this.#hold(id, sample, nowMs);
    return [mended(held.sample, track)];
  }

  /** What has been held for long, and all of it at the end. */
  release(nowMs: number): { readonly id: number; readonly sample: Sample }[] {
    const released: { id: number; sample: Sample }[] = [];
    for (const [id, held] of this.#held) {
      const track = this.#tracks.get(id);
      if (track === undefined || nowMs - held.nowMs < HELD_MAX_MS) continue;
      this.#held.delete(id);
      released.push({ id, sample: this.#jump(id, track, held) });
    }
    return released;
  }

  #hold(id: number, sample: Sample, nowMs: number): void {
    this.#held.set(id, { sample: { ...sample, data: Buffer.from(sample.data) }, nowMs });
  }

  #accept(id: number, era: Era, sample: Sample, nowMs: number): Sample {
    const seconds = sample.dts / sample.description.timescale;
    era.seconds = Math.max(era.seconds, seconds);
    this.#tracks.set(id, { era, seconds, arrivedAtMs: nowMs });
    return moved(sample, era.offset);
  }

  #jump(id: number, track: TrackState, { sample, nowMs }: Held): Sample {
    const seconds = sample.dts / sample.description.timescale;
    // Another track has jumped there before.
    if (track.era !== this.#era && Math.abs(seconds - this.#era.seconds) < AHEAD_MAX_SECONDS)
      return this.#accept(id, this.#era, sample, nowMs);
    const pause = (nowMs - track.arrivedAtMs) / 1000;
    const last = Math.max(...[...this.#tracks.values()].map((one) => one.seconds + one.era.offset));
    const at = Math.max(track.seconds + track.era.offset, pause >= PAUSE_MIN_SECONDS ? last + pause : last);
    this.#era = { offset: at - seconds, seconds };
    return this.#accept(id, this.#era, sample, nowMs);
  }
}

function goesOn(last: Pick<TrackState, 'seconds' | 'arrivedAtMs'>, seconds: number, nowMs: number): boolean {
  const step = seconds - last.seconds;
  return step >= -BACK_MAX_SECONDS && step <= AHEAD_MAX_SECONDS + (nowMs - last.arrivedAtMs) / 1000;
}

function moved(sample: Sample, offsetSeconds: number): Sample {
  if (offsetSeconds === 0) return sample;
  return { ...sample, dts: sample.dts + Math.round(offsetSeconds * sample.description.timescale) };
}

/** Right after the one before it: what follows keeps its own time. */
function mended(sample: Sample, { seconds, era }: TrackState): Sample {
  return { ...sample, dts: Math.round((seconds + era.offset) * sample.description.timescale) + 1 };
}
