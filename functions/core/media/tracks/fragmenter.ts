import { isDeepStrictEqual } from 'node:util';
import { withoutLostReferences } from '../nal/lostReferences.ts';
import type { Before, Fragment, TrackInfo } from '../types.ts';
import type { FragmentTimes, FragmentWriter, TrackSamples } from './fragmentWriter.ts';
import type { KeyPicture, Sample, TrackDescription } from './sample.ts';
import type { TimedData } from './timedData.ts';
import { TrackQueue } from './trackQueue.ts';

/** A fragment ends at each keyframe, and after so long. */
const FRAGMENT_SECONDS = 1;
/** The first one: who looks at what was started sees that it records, and what has come is safe sooner. */
const FIRST_SECONDS = 0.25;
/** A track that has sent nothing for so long is not waited for. */
const SILENT_MS = 1_500;
/**
 * Sound that has changed begins a part: pictures that only halted, as all else did, would go on there without their keyframe.
 * It is held back for so long at most.
 */
const CHANGED_HELD_MAX_MS = 3_000;
/** Where nothing of any track comes for longer, the source halts. */
const FLOWS_MAX_MS = 250;
/** Tracks come one after the other; one that is behind is waited for so long, so that a part's tracks end together. */
const BEHIND_MS = 700;
/** What has come is not held back for longer, whatever is missing: who is killed loses it. */
const HELD_MAX_MS = 1_500;
/**
 * Sound often comes before the first picture. It is held until that is there: whoever finds a part, also one whose
 * recorder was killed in its first second, finds pictures in it. A picture that has not come by then may never come, and
 * sound alone is worth recording.
 */
const LEADING_SECONDS = 5;
/** No track is waited for with more than this. */
const QUEUED_MAX_BYTES = 32 * 1024 * 1024;

/**
 * Cuts the samples of all tracks into fragments of about a second, each track exactly where the pictures' keyframe is
 * shown. No track waits for one that is silent. A track that is new, or is coded in another way from now on, comes with
 * the next keyframe, and with all that it had until then: there a new part can begin.
 */
export class Fragmenter {
  readonly #writer: FragmentWriter;
  readonly #data: TimedData | undefined;
  readonly #queues: TrackQueue[] = [];
  readonly #goesOn: readonly TrackInfo[] | undefined;
  /** Since when the next fragment could be cut, if it had not to wait for a track that is behind. */
  #dueSinceMs: number | undefined;
  #hasCut: boolean = false;
  #lastAtMs: number | undefined;
  /** How long samples have come, without what the source halted. */
  #flowedMs = 0;
  /** Of that, until the last picture. */
  #picturesAtMs = Number.NEGATIVE_INFINITY;
  #keyPicture: KeyPicture | undefined;

  /**
   * @param data what comes between the samples, where there is some
   * @param goesOn tracks of the part that may go on with what comes, without a keyframe too; undefined: there is none
   */
  constructor(writer: FragmentWriter, data?: TimedData, goesOn?: readonly TrackInfo[]) {
    this.#writer = writer;
    this.#data = data;
    this.#goesOn = goesOn;
  }

  /** The picture with which the last fragment begins, if it can be decoded by itself; valid as long as that. */
  get keyPicture(): KeyPicture | undefined {
    return this.#keyPicture;
  }

  /** A track that has samples, or is to have some. */
  declare(id: number, kind: 'video' | 'audio', description: TrackDescription | undefined): void {
    this.#queueOf(id, kind).declared = description;
  }

  push(id: number, sample: Sample, nowMs: number): void {
    const { kind } = sample.description.info;
    this.#flowedMs += Math.min(FLOWS_MAX_MS, nowMs - (this.#lastAtMs ?? nowMs));
    this.#lastAtMs = nowMs;
    if (kind === 'video') this.#picturesAtMs = this.#flowedMs;
    this.#queueOf(id, kind).push(sample, nowMs);
  }

  /** The next fragment, if one is due. It is valid until the next one is asked for. */
  next(nowMs: number): Fragment | undefined {
    const leader = this.#leader(nowMs);
    if (leader?.first === undefined || this.#waitsForPictures(leader, nowMs)) return undefined;
    const count = cutOf(leader, this.#hasCut ? FRAGMENT_SECONDS : FIRST_SECONDS);
    if (count === undefined) {
      const isHeld = nowMs - leader.first.arrivedAtMs >= HELD_MAX_MS;
      return isHeld ? this.#cut(leader, leader.length, Number.POSITIVE_INFINITY, nowMs) : undefined;
    }
    const seconds = leader.shownAt(count);
    this.#dueSinceMs ??= nowMs;
    const isBehind = (queue: TrackQueue): boolean =>
      queue !== leader &&
      (queue.arrivedAtMs === undefined
        ? !this.#hasCut
        : !this.#isSilent(queue, nowMs) && queue.shownAt(queue.length - 1) < seconds);
    const canWait = nowMs - this.#dueSinceMs < BEHIND_MS && this.#bytes < QUEUED_MAX_BYTES;
    if (canWait && this.#queues.some(isBehind)) return undefined;
    return this.#cut(leader, count, seconds, nowMs);
  }

  /** All that is left, one fragment after the other; undefined at the end. */
  rest(): Fragment | undefined {
    const leader = this.#leader(Number.POSITIVE_INFINITY);
    if (leader === undefined) return undefined;
    const count = cutOf(leader, this.#hasCut ? FRAGMENT_SECONDS : FIRST_SECONDS);
    return this.#cut(
      leader,
      count ?? leader.length,
      count === undefined ? Number.POSITIVE_INFINITY : leader.shownAt(count),
      Number.POSITIVE_INFINITY,
    );
  }

  /** Pictures decide where fragments end; where there are none, the sound that is furthest behind. */
  #leader(nowMs: number): TrackQueue | undefined {
    const video = this.#queues.find(({ kind, length }) => kind === 'video' && length > 0);
    if (video !== undefined) return video;
    if (this.#queues.some((queue) => queue.kind === 'video' && !this.#isSilent(queue, nowMs)))
      return undefined;
    const filled = this.#queues.filter(({ length }) => length > 0);
    const [first] = filled.sort((one, other) => one.shownAt(0) - other.shownAt(0));
    return first !== undefined && this.#waitsForHalted(first, nowMs) ? undefined : first;
  }

  /** @param sound that is to go on without the pictures */
  #waitsForHalted({ isOther, first }: TrackQueue, nowMs: number): boolean {
    const isLate = nowMs - (first?.arrivedAtMs ?? nowMs) >= CHANGED_HELD_MAX_MS;
    return isOther && !isLate && this.#flowedMs - this.#picturesAtMs < SILENT_MS;
  }

  #waitsForPictures(leader: TrackQueue, nowMs: number): boolean {
    const isWaiting = this.#queues.some(
      ({ kind, arrivedAtMs }) => kind === 'video' && arrivedAtMs === undefined,
    );
    if (!isWaiting || leader.kind === 'video' || this.#hasCut) return false;
    // What is fetched as fast as it can be has seconds of sound in a moment, from an input of its own.
    const hasJustCome = nowMs - (leader.first?.arrivedAtMs ?? nowMs) < SILENT_MS;
    if (hasJustCome && this.#bytes < QUEUED_MAX_BYTES) return true;
    return leader.shownAt(leader.length - 1) - leader.shownAt(0) < LEADING_SECONDS;
  }

  get #bytes(): number {
    return this.#queues.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #isSilent({ arrivedAtMs }: TrackQueue, nowMs: number): boolean {
    return arrivedAtMs === undefined || nowMs - arrivedAtMs >= SILENT_MS;
  }

  /** @param count of the leader's samples. @param seconds what the others have before then */
  #cut(leader: TrackQueue, count: number, seconds: number, nowMs: number): Fragment {
    this.#dueSinceMs = undefined;
    this.#hasCut = true;
    const isVideo = leader.kind === 'video';
    const hasVideo = this.#queues.some(({ kind }) => kind === 'video');
    const keyframe = isVideo ? leader.first?.keyframe === true : !hasVideo;
    const canChange = keyframe || !isVideo || leader.first?.description !== leader.current;
    const mayBegin = keyframe || !isVideo;
    for (const queue of this.#queues)
      if (canChange && (mayBegin || queue === leader || this.#goesOnWith(queue))) queue.describe();
    const tracks: TrackSamples[] = [];
    for (const queue of this.#queues) {
      const description = queue.current;
      if (description === undefined) continue;
      const isHeld = queue.first !== undefined && queue.first.description !== description;
      const own = isHeld ? 0 : queue === leader ? count : queue.countBefore(seconds);
      const primingSamples = own > 0 ? queue.takePriming() : 0;
      tracks.push({ id: queue.id, description, ...queue.take(own), primingSamples });
    }
    this.#keyPicture = keyframe && isVideo ? firstPicture(tracks, leader.id) : undefined;
    const data = this.#data?.take(Number.isFinite(seconds) ? seconds * 1_000 : timesOf(tracks).endMs, nowMs);
    const write = (of: readonly TrackSamples[]): Fragment =>
      this.#writer.write(of, { ...timesOf(of), keyframe }, data);
    const fragment = write(tracks);
    if (!(keyframe && isVideo) && tracks.every(({ primingSamples }) => primingSamples === 0)) return fragment;
    const asBeginning = (behind: Before): Fragment | undefined => {
      const heard = behind === 'nothing' ? tracks : tracks.map(withoutPriming);
      const isWhole = behind === 'all' || !keyframe || !isVideo;
      const beginning = isWhole ? heard : beginningOf(heard, leader.id);
      return beginning.every((track, place) => track === tracks[place]) ? undefined : write(beginning);
    };
    return Object.assign(fragment, { asBeginning });
  }

  /** A part goes on without a keyframe only where its head describes all tracks: another comes with the next keyframe. */
  #goesOnWith(queue: TrackQueue): boolean {
    if (this.#goesOn === undefined || queue.current !== undefined) return true;
    const place = this.#queues.filter(({ kind }) => kind === queue.kind).indexOf(queue);
    const known = this.#goesOn.filter(({ kind }) => kind === queue.kind)[place];
    return isDeepStrictEqual(known, (queue.first?.description ?? queue.declared)?.info);
  }

  #queueOf(id: number, kind: 'video' | 'audio'): TrackQueue {
    const known = this.#queues.find((queue) => queue.id === id);
    if (known !== undefined) return known;
    const queue = new TrackQueue(id, kind);
    this.#queues.push(queue);
    this.#queues.sort((one, other) => one.id - other.id);
    return queue;
  }
}

function firstPicture(tracks: readonly TrackSamples[], id: number): KeyPicture | undefined {
  const track = tracks.find((one) => one.id === id);
  const [first] = track?.samples ?? [];
  if (track === undefined || first?.keyframe !== true) return undefined;
  return { description: track.description, data: first.data };
}

function timesOf(tracks: readonly TrackSamples[]): Omit<FragmentTimes, 'keyframe'> {
  const video = spanOf(tracks, 'video');
  const audio = spanOf(tracks, 'audio');
  return {
    startMs: Math.min(video.fromMs, audio.fromMs),
    endMs: Math.max(video.untilMs, audio.untilMs),
    ...(video.isEmpty ? {} : { picturesFromMs: video.fromMs, picturesUntilMs: video.untilMs }),
    ...(audio.isEmpty ? {} : { soundFromMs: audio.fromMs, soundUntilMs: audio.untilMs }),
  };
}

/** From when to when the samples of one kind are shown, or heard. */
function spanOf(
  tracks: readonly TrackSamples[],
  kind: 'video' | 'audio',
): { readonly fromMs: number; readonly untilMs: number; readonly isEmpty: boolean } {
  let fromMs = Number.POSITIVE_INFINITY;
  let untilMs = Number.NEGATIVE_INFINITY;
  for (const { description, samples, primingSamples } of tracks) {
    if (description.info.kind !== kind) continue;
    const unitMs = 1000 / description.timescale;
    for (const { dts, offset, duration } of samples) {
      fromMs = Math.min(fromMs, (dts + offset + primingSamples) * unitMs);
      untilMs = Math.max(untilMs, (dts + offset + duration) * unitMs);
    }
  }
  return { fromMs, untilMs, isEmpty: !Number.isFinite(fromMs) };
}

/**
 * The tracks as something begins with them. Pictures that follow the keyframe and are shown before it are left out: those
 * of an open GOP are made of the pictures before the keyframe as well.
 */
function beginningOf(tracks: readonly TrackSamples[], id: number): readonly TrackSamples[] {
  const video = tracks.find((track) => track.id === id);
  const [first] = video?.samples ?? [];
  if (video === undefined || first === undefined) return tracks;
  const shownAt = first.dts + first.offset;
  const kept = video.samples.filter(({ dts, offset }) => dts + offset >= shownAt);
  const [, second] = kept;
  const pictures = kept.map(({ data }) => data);
  const mended = withoutLostReferences(video.description, pictures);
  const isWhole =
    kept.length === video.samples.length && mended.every((data, place) => data === pictures[place]);
  if (isWhole) return tracks;
  const longer = second === undefined ? first.duration : second.dts - first.dts;
  const samples = kept.map((sample, place) => ({
    ...sample,
    data: mended[place] ?? sample.data,
    duration: place === 0 ? longer : sample.duration,
  }));
  const bytes = samples.reduce((sum, { data }) => sum + data.length, 0);
  return tracks.map((track) => (track === video ? { ...video, samples, bytes } : track));
}

/** A frame of nothing but what an encoder puts in front lies under the last one of what sound goes on behind. */
function withoutPriming(track: TrackSamples): TrackSamples {
  const [first, ...samples] = track.samples;
  if (first === undefined || track.primingSamples === 0 || first.duration > track.primingSamples)
    return track;
  return { ...track, samples, bytes: track.bytes - first.data.length, primingSamples: 0 };
}

/** How many of the leader's samples the next fragment has; undefined while it may become longer. */
function cutOf(leader: TrackQueue, seconds: number): number | undefined {
  const { first } = leader;
  if (first === undefined) return undefined;
  const { timescale } = first.description;
  let least = 1;
  for (let place = 1; place < leader.length; place++) {
    const entry = leader.at(place);
    if (entry === undefined) return undefined;
    if (entry.description !== first.description || (leader.kind === 'video' && entry.keyframe)) return place;
    // What is shown before the keyframe belongs to it, and so does the picture that makes a decoder forget that.
    if (entry.dts + entry.offset < first.dts + first.offset) least = place + 2;
    if (place >= least && entry.dts - first.dts >= seconds * timescale) return place;
  }
  return undefined;
}
