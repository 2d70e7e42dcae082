import { Fmp4Writer, type WrittenSegment } from './fmp4Writer.ts';
import { AUDIO, type SentTag, VIDEO } from './media.ts';
import { type Fragmented, isSoundApart, type Story } from './story.ts';
import { TsWriter } from './writers.ts';

const SEGMENT_MS = 1_200;
/** Where no keyframe comes, a segment ends with any sound. */
export const SEGMENT_MAX_MS = 2 * SEGMENT_MS;
const FRAME_MS = 40;
/** New sound waits for a keyframe no longer. */
const HELD_MAX_MS = 1_000;
/** Below what any story's clock jumps back by. */
const ORIGIN_MS = 400_000_000;
const ORIGIN_SINCE_1970_MS = 1_796_000_000_000;

/** What a packager cuts at once, in all of its playlists. */
interface CutSegment {
  readonly tags: SentTag[];
  readonly isDiscontinuity: boolean;
  /** The playlists begin again with it. */
  readonly isRestart: boolean;
}

/** `all`: picture and sound in one playlist. */
export type ListName = 'all' | 'picture' | 'sound';

/** One entry of one playlist. */
export interface ListedSegment extends CutSegment, WrittenSegment {
  readonly list: ListName;
  /** Of the cut that it is of. */
  readonly place: number;
  readonly name: string;
  readonly init: InitFile | undefined;
  readonly beginsAtMs: number;
  readonly endsAtMs: number;
  /** When the whole cut is done. */
  readonly thereAtMs: number;
}

export interface InitFile {
  readonly name: string;
  readonly body: Buffer;
}

/** What a packager makes of a story's tags. */
export function packaged(tags: readonly SentTag[], story: Story): ListedSegment[] {
  const { fragmented } = story;
  const segments = cut(tags, story);
  const lists: readonly ListName[] = isSoundApart(story) ? ['picture', 'sound'] : ['all'];
  return fragmented === undefined
    ? inTs(segments, lists)
    : inFmp4(segments, lists, fragmented, story.packager === 'tagging');
}

function cut(tags: readonly SentTag[], { packager, fragmented }: Story): CutSegment[] {
  const segments: CutSegment[] = [];
  const configurations = new Map<number, SentTag>();
  let last: SentTag | undefined;
  for (const tag of fragmented?.sound === 'inside' ? withSoundHeld(tags) : tags) {
    const sinceMs = tag.trueMs - (segments.at(-1)?.tags[0]?.trueMs ?? 0);
    const isRestart = packager === 'restarting' && last !== undefined && tag.publisher !== last.publisher;
    const isNew = tag.isHeader && configurations.get(tag.kind)?.body.equals(tag.body) !== true;
    const isInit =
      isNew && last?.isHeader === false && (fragmented?.sound === 'inside' || tag.kind === VIDEO);
    // Pictures of another size begin with their configuration, which is in front of a keyframe.
    const isOther = last !== undefined && (tag.epoch !== last.epoch || (tag.isHeader && tag.kind !== AUDIO));
    const needsInit = fragmented !== undefined && isInit;
    const isDiscontinuity = packager === 'tagging' && (isOther || needsInit);
    const isLong = (tag.isKeyframe && sinceMs >= SEGMENT_MS) || sinceMs >= SEGMENT_MAX_MS;
    if (last === undefined || isRestart || isDiscontinuity || needsInit || isLong)
      segments.push({ tags: [], isRestart, isDiscontinuity });
    segments.at(-1)?.tags.push(tag);
    if (tag.isHeader) configurations.set(tag.kind, tag);
    last = tag;
  }
  return segments;
}

/** One init section describes a segment's pictures and sound: where pictures go on, new sound waits for their keyframe. */
function withSoundHeld(tags: readonly SentTag[]): SentTag[] {
  const out: SentTag[] = [];
  const held: SentTag[] = [];
  const isBeginning = (tag: SentTag): boolean =>
    tag.isHeader && tag.kind === AUDIO && out.at(-1)?.isHeader === false && out.at(-1)?.epoch === tag.epoch;
  for (const tag of tags) {
    const [first] = held;
    const isOver = tag.kind === VIDEO ? tag.isHeader || tag.isKeyframe : tag.epoch !== first?.epoch;
    const isLong = first !== undefined && tag.trueMs - first.trueMs >= HELD_MAX_MS;
    if (isOver || isLong) out.push(...held.splice(0));
    if (tag.kind === AUDIO && (held.length > 0 || isBeginning(tag))) held.push(tag);
    else out.push(tag);
  }
  return [...out, ...held];
}

const kindsOf = (list: ListName): readonly number[] =>
  list === 'all' ? [VIDEO, AUDIO] : [list === 'picture' ? VIDEO : AUDIO];

/** What is to be said of the next segment of a list: that of a cut may have nothing of it. */
interface ToTell {
  readonly isRestart: boolean;
  readonly isDiscontinuity: boolean;
}
const NOTHING: ToTell = { isRestart: false, isDiscontinuity: false };

const both = (one: ToTell, other: ToTell): ToTell => ({
  isRestart: one.isRestart || other.isRestart,
  isDiscontinuity: one.isDiscontinuity || other.isDiscontinuity,
});

function inTs(segments: readonly CutSegment[], lists: readonly ListName[]): ListedSegment[] {
  return lists.flatMap((list) => {
    const kinds = kindsOf(list);
    let writer = new TsWriter(kinds);
    let toTell = NOTHING;
    return segments.flatMap((segment, place) => {
      toTell = both(toTell, segment);
      if (segment.isRestart) writer = new TsWriter(kinds);
      const tags = segment.tags.filter(({ kind }) => kinds.includes(kind));
      const body = writer.segment(tags);
      if (body.length === 0) return [];
      const how = { ...toTell, tags };
      toTell = NOTHING;
      const file = { name: `${list}-${place}.ts`, body, parts: [], init: undefined };
      return [{ ...listed(how, list, place, file), thereAtMs: endOf(segment.tags) }];
    });
  });
}

function inFmp4(
  segments: readonly CutSegment[],
  lists: readonly ListName[],
  { inParts, since1970 }: Fragmented,
  tellsInits: boolean,
): ListedSegment[] {
  return lists.flatMap((list) => {
    const writer = new Fmp4Writer(inParts, since1970 ? ORIGIN_SINCE_1970_MS : ORIGIN_MS);
    const kinds = kindsOf(list);
    const configurations = new Map<number, SentTag>();
    let before: InitFile | undefined;
    let toTell = NOTHING;
    return segments.flatMap((segment, place) => {
      toTell = both(toTell, segment);
      const own = segment.tags.filter(({ kind }) => kinds.includes(kind));
      const pieces = splitAtChanges(own, list, configurations.get(AUDIO));
      return pieces.flatMap((tags, i) => {
        for (const tag of tags) if (tag.isHeader) configurations.set(tag.kind, tag);
        if (tags.every(({ isHeader }) => isHeader)) return [];
        const known = kinds.flatMap((kind) => configurations.get(kind) ?? []);
        const body = writer.init(known);
        const name = `${list}-${place}-${i}`;
        const isSame = !segment.isRestart && before?.body.equals(body) === true;
        const init: InitFile | undefined = isSame ? before : { name: `${name}.mp4`, body };
        const isDiscontinuity =
          toTell.isDiscontinuity || (tellsInits && before !== undefined && init !== before);
        const how = { ...toTell, isDiscontinuity, tags };
        before = init;
        toTell = NOTHING;
        const written = writer.segment(tags, known);
        const thereAtMs = endOf(segment.tags);
        return [{ ...listed(how, list, place, { name: `${name}.m4s`, init, ...written }), thereAtMs }];
      });
    });
  });
}

/** Sound by itself begins anew wherever it becomes another. */
function splitAtChanges(tags: readonly SentTag[], list: ListName, before: SentTag | undefined): SentTag[][] {
  const pieces: SentTag[][] = [[]];
  let configuration = before;
  for (const tag of tags) {
    const isNew = tag.isHeader && configuration?.body.equals(tag.body) !== true;
    if (list === 'sound' && isNew) pieces.push([]);
    if (tag.isHeader) configuration = tag;
    pieces.at(-1)?.push(tag);
  }
  return pieces;
}

const endOf = (tags: readonly SentTag[]): number => Math.max(...tags.map(({ trueMs }) => trueMs)) + FRAME_MS;

function listed(
  segment: CutSegment,
  list: ListName,
  place: number,
  file: Pick<ListedSegment, 'name' | 'body' | 'init' | 'parts'>,
): ListedSegment {
  const endsAtMs = endOf(segment.tags);
  // What is announced lasts no time.
  const media = segment.tags.filter(({ isHeader }) => !isHeader);
  const beginsAtMs = Math.min(...media.map(({ trueMs }) => trueMs));
  return { ...segment, ...file, list, place, beginsAtMs, endsAtMs, thereAtMs: endsAtMs };
}
