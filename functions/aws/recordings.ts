import type * as z from 'zod/mini';
import { recordingPrefix } from '../core/keys.ts';
import type { PartObjects, RecordingObjects } from '../core/state/fold.ts';
import {
  claimSchema,
  controlSchema,
  endSchema,
  finalPartSchema,
  jobSchema,
  movedPartSchema,
  openPartSchema,
  outcomeSchema,
  progressSchema,
  stopSchema,
} from '../core/state/objects.ts';
import type { StateStore } from './stateStore.ts';

const READS_AT_ONCE = 16;

/** Reads all state objects of a recording; undefined when there is no job. One list and one GET an object. */
export async function readRecording(
  store: StateStore,
  recordingId: string,
): Promise<RecordingObjects | undefined> {
  const prefix = recordingPrefix(recordingId);
  const keys = await store.list(prefix);
  const found: Found = { attempts: new Map(), parts: new Map() };
  for (let i = 0; i < keys.length; i += READS_AT_ONCE) {
    await Promise.all(
      keys.slice(i, i + READS_AT_ONCE).map((key) => readInto(found, store, key, key.slice(prefix.length))),
    );
  }
  const { job, ...rest } = found;
  return job === undefined ? undefined : { job, ...rest };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Attempt = Mutable<NonNullable<ReturnType<RecordingObjects['attempts']['get']>>>;
type Found = Partial<Mutable<Omit<RecordingObjects, 'attempts' | 'parts'>>> & {
  attempts: Map<number, Attempt>;
  parts: Map<number, Mutable<PartObjects>>;
};

/** Reads one object into its place; a name that is not of the design is left alone. */
async function readInto(found: Found, store: StateStore, key: string, name: string): Promise<void> {
  const read = async <T>(schema: z.ZodMiniType<T>, place: (value: T) => void): Promise<void> => {
    const object = await store.read(key, schema);
    if (object !== undefined) place(object.value);
  };
  const [folder, ordinalText, file] = name.split('/');
  const ordinal = Number(ordinalText);
  if (folder === 'attempts' && Number.isInteger(ordinal)) {
    const attempt = found.attempts.get(ordinal) ?? {};
    found.attempts.set(ordinal, attempt);
    if (file === 'claim.json') await read(claimSchema, (value) => (attempt.claim = value));
    else if (file === 'progress.json') await read(progressSchema, (value) => (attempt.progress = value));
    else if (file === 'end.json') await read(endSchema, (value) => (attempt.end = value));
  } else if (folder === 'parts' && Number.isInteger(ordinal)) {
    const part = found.parts.get(ordinal) ?? {};
    found.parts.set(ordinal, part);
    if (file === 'open.json') await read(openPartSchema, (value) => (part.open = value));
    else if (file === 'final.json') await read(finalPartSchema, (value) => (part.final = value));
    else if (file === 'moved.json') await read(movedPartSchema, (value) => (part.moved = value));
  } else if (name === 'job.json') await read(jobSchema, (value) => (found.job = value));
  else if (name === 'stop.json') await read(stopSchema, (value) => (found.stop = value));
  else if (name === 'control.json') await read(controlSchema, (value) => (found.control = value));
  else if (name === 'outcome.json') await read(outcomeSchema, (value) => (found.outcome = value));
}
