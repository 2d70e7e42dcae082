import type * as z from 'zod/mini';
import { RecorderError } from '../core/api/errors.ts';
import type { RecordingSummary } from '../core/api/views.ts';
import type { KnownObjects } from '../core/protocol/attempt.ts';
import type { ListingStore, Store } from '../core/protocol/ports.ts';
import type { RecordingLife } from '../core/protocol/reconcile.ts';
import {
  type PartFacts,
  type PartObjects,
  type RecordingObjects,
  type RecordingStatus,
  recordingStatus,
} from '../core/state/fold.ts';
import { hostStatusSchema, progressOf } from '../core/state/hostObjects.ts';
import {
  FRAGMENT_INDEX_FILE,
  hostStatusKey,
  jobKey,
  LATEST_PICTURE_FILE,
  OVERLAP_FILE,
  outcomeKey,
  type PartMark,
  POSTER_FILE,
  partKey,
  recordingPrefix,
  stopKey,
} from '../core/state/keys.ts';
import {
  claimSchema,
  controlSchema,
  endingSchema,
  endSchema,
  jobSchema,
  launchSchema,
  outcomeSchema,
  progressSchema,
  stopSchema,
} from '../core/state/objects.ts';
import {
  finalPartSchema,
  movedPartSchema,
  openPartSchema,
  overlapSchema,
} from '../core/state/partObjects.ts';
import { Remembered } from './remembered.ts';

/** A day rotated by the minute has 4,320 objects. */
const READS_AT_ONCE = 32;

/** Of each store that is read; a function has one. */
const remembered = new WeakMap<Store, Remembered>();
function rememberedOf(store: Store): Remembered {
  const known = remembered.get(store) ?? new Remembered();
  remembered.set(store, known);
  return known;
}

/**
 * Reads all state objects of a recording; undefined when there is no job. One list, and one GET for each object that was
 * not read before as it is.
 * @param own what a recorder knows that has just claimed its attempt
 */
export async function readRecording(
  store: ListingStore,
  recordingId: string,
  own?: KnownObjects,
): Promise<RecordingObjects | undefined> {
  const prefix = recordingPrefix(recordingId);
  const entries = await store.listEntries(prefix);
  const known = rememberedOf(store);
  const found: Found = { attempts: new Map(), parts: new Map() };
  for (let i = 0; i < entries.length; i += READS_AT_ONCE) {
    await Promise.all(
      entries
        .slice(i, i + READS_AT_ONCE)
        .map((entry) =>
          readInto(found, entry.key.slice(prefix.length), (schema) => known.read(store, entry, schema), own),
        ),
    );
  }
  // Nobody tells a recorder how it goes itself.
  if (own === undefined) await askHost(found, store, recordingId);
  const { job, ...rest } = found;
  return job === undefined ? undefined : { job, ...rest };
}

/** Reads whether a recording lives: with one LIST and few GETs, however many parts it has; undefined without a job. */
export async function readLife(store: ListingStore, recordingId: string): Promise<RecordingLife | undefined> {
  const prefix = recordingPrefix(recordingId);
  const names = new Set((await store.list(prefix)).map((key) => key.slice(prefix.length)));
  // The latest may be one that nobody can take any more.
  const attempts = ordinals(names, 'attempts').slice(-2);
  const wanted = [
    ...['job.json', 'stop.json', 'outcome.json'],
    ...attempts.flatMap((n) => ['claim', 'progress', 'end'].map((file) => `attempts/${n}/${file}.json`)),
  ].filter((name) => names.has(name));
  const found: Found = { attempts: new Map(), parts: new Map() };
  await Promise.all(
    wanted.map((name) =>
      readInto(found, name, async (schema) => (await store.read(`${prefix}${name}`, schema))?.value),
    ),
  );
  await askHost(found, store, recordingId);
  const { job, parts: _parts, ...rest } = found;
  return job === undefined ? undefined : { job, ...rest };
}

/**
 * Reads what a list shows of a recording, with one LIST and few GETs, however many parts it has; undefined when there
 * is no job.
 */
export async function readSummary(
  store: ListingStore,
  recordingId: string,
): Promise<RecordingSummary | undefined> {
  const prefix = recordingPrefix(recordingId);
  const names = new Set((await store.list(prefix)).map((key) => key.slice(prefix.length)));
  if (!names.has('job.json')) return undefined;
  const [job, stop, outcome] = await Promise.all([
    store.read(jobKey(recordingId), jobSchema),
    names.has('stop.json') ? store.read(stopKey(recordingId), stopSchema) : undefined,
    names.has('outcome.json') ? store.read(outcomeKey(recordingId), outcomeSchema) : undefined,
  ]);
  if (job === undefined) return undefined;
  return {
    job: job.value,
    ...(stop === undefined ? {} : { stop: stop.value }),
    ...(names.has('ending.json') ? { ending: true } : {}),
    ...(outcome === undefined ? {} : { outcome: outcome.value }),
    attempts: new Map(
      ordinals(names, 'attempts').map((n) => [n, names.has(`attempts/${n}/end.json`) ? { end: true } : {}]),
    ),
    parts: await partFacts(store, recordingId, names),
    incompleteParts: marked(names, 'incomplete'),
    recoveredParts: marked(names, 'recovered'),
    posterPart: ordinals(names, 'parts').find((part) => names.has(`parts/${part}/${POSTER_FILE}`)),
    hasLatestPicture: names.has(LATEST_PICTURE_FILE),
  };
}

/**
 * The recording's status, as every answer tells it.
 * @throws RecorderError recording_not_found, also where it was deleted this moment
 */
export async function statusNow(store: ListingStore, recordingId: string): Promise<RecordingStatus> {
  const summary = await readSummary(store, recordingId);
  if (summary === undefined) {
    throw new RecorderError('recording_not_found', 'There is no recording with this id.', {
      field: 'recordingId',
    });
  }
  return recordingStatus(summary);
}

/** Of parts that are finished and not in the library, so many are looked at for whether they hold anything. */
const FINALS_READ_MAX = 16;

async function partFacts(
  store: Store,
  recordingId: string,
  names: ReadonlySet<string>,
): Promise<Map<number, PartFacts>> {
  const facts = new Map<number, PartFacts>(
    ordinals(names, 'parts').map((n) => [n, names.has(`parts/${n}/moved.json`) ? { moved: true } : {}]),
  );
  const waiting = [...facts].flatMap(([part, { moved }]) =>
    moved === undefined && names.has(`parts/${part}/final.json`) ? [part] : [],
  );
  await Promise.all(
    waiting.slice(0, FINALS_READ_MAX).map(async (part) => {
      const final = await store.read(partKey(recordingId, part, 'final'), finalPartSchema);
      if (final !== undefined) facts.set(part, { final: final.value });
    }),
  );
  return facts;
}

const marked = (names: ReadonlySet<string>, mark: PartMark): number =>
  [...names].filter((name) => name.startsWith('parts/') && name.endsWith(`/${mark}`)).length;

/** The numbers of a folder's own folders. */
function ordinals(names: ReadonlySet<string>, folder: 'attempts' | 'parts'): number[] {
  const found = [...names].flatMap((name) => {
    const [first, ordinal] = name.split('/');
    return first === folder && /^[1-9]\d*$/.test(ordinal ?? '') ? [Number(ordinal)] : [];
  });
  return [...new Set(found)].sort((a, b) => a - b);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Attempt = Mutable<NonNullable<ReturnType<RecordingObjects['attempts']['get']>>>;
type Found = Partial<Mutable<Omit<RecordingObjects, 'attempts' | 'parts'>>> & {
  attempts: Map<number, Attempt>;
  parts: Map<number, Mutable<PartObjects>>;
};

/** How the latest attempt goes is in its host's heartbeat, while a host carries it. */
async function askHost(found: Found, store: Store, recordingId: string): Promise<void> {
  const latest = Math.max(0, ...found.attempts.keys());
  const attempt = found.attempts.get(latest);
  const hostId = attempt?.claim?.hostId;
  if (attempt === undefined || hostId === undefined) return;
  if (attempt.end !== undefined || attempt.progress !== undefined) return;
  const status = await store.read(hostStatusKey(hostId), hostStatusSchema);
  const progress = progressOf(status?.value, recordingId, latest);
  if (progress !== undefined) attempt.progress = progress;
}

/** Undefined when it is gone. */
type ReadOne = <T>(schema: z.ZodMiniType<T>) => Promise<T | undefined>;

/** Reads one object into its place; a name that is not of the design is left alone. @param own is not read */
async function readInto(found: Found, name: string, readOne: ReadOne, own?: KnownObjects): Promise<void> {
  const read = async <T>(schema: z.ZodMiniType<T>, place: (value: T) => void): Promise<void> => {
    const value = await readOne(schema);
    if (value !== undefined) place(value);
  };
  const [folder, ordinalText, file] = name.split('/');
  const ordinal = Number(ordinalText);
  if (folder === 'attempts' && Number.isInteger(ordinal)) {
    const attempt = found.attempts.get(ordinal) ?? {};
    found.attempts.set(ordinal, attempt);
    if (file === 'claim.json' && ordinal === own?.claim.attempt) attempt.claim = own.claim;
    else if (file === 'claim.json') await read(claimSchema, (value) => (attempt.claim = value));
    else if (file === 'progress.json') await read(progressSchema, (value) => (attempt.progress = value));
    else if (file === 'end.json') await read(endSchema, (value) => (attempt.end = value));
  } else if (folder === 'parts' && Number.isInteger(ordinal)) {
    const part = found.parts.get(ordinal) ?? {};
    found.parts.set(ordinal, part);
    if (file === 'open.json') await read(openPartSchema, (value) => (part.open = value));
    else if (file === 'final.json') await read(finalPartSchema, (value) => (part.final = value));
    else if (file === OVERLAP_FILE) await read(overlapSchema, (value) => (part.overlap = value));
    else if (file === FRAGMENT_INDEX_FILE) part.hasIndex = true;
    else if (file === POSTER_FILE) part.hasPoster = true;
    else if (file === 'moved.json') await read(movedPartSchema, (value) => (part.moved = value));
  } else if (folder === 'launches') {
    // One that was asked for again says more than the ones before.
    await read(launchSchema, (value) => {
      if (value.attempt > (found.launch?.attempt ?? 0)) found.launch = value;
    });
  } else if (name === LATEST_PICTURE_FILE) found.hasLatestPicture = true;
  else if (name === 'job.json' && own !== undefined) found.job = own.job;
  else if (name === 'job.json') await read(jobSchema, (value) => (found.job = value));
  else if (name === 'stop.json') await read(stopSchema, (value) => (found.stop = value));
  else if (name === 'ending.json') await read(endingSchema, (value) => (found.ending = value));
  else if (name === 'control.json') await read(controlSchema, (value) => (found.control = value));
  else if (name === 'outcome.json') await read(outcomeSchema, (value) => (found.outcome = value));
}
