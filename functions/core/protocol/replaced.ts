import { endingKey, jobKey, outcomeKey, stopKey } from '../state/keys.ts';
import { endingSchema, type Job, jobSchema, outcomeSchema, type Stop, stopSchema } from '../state/objects.ts';
import type { Clock, Store } from './ports.ts';
import { endUnclaimed } from './unclaimed.ts';

/** Restarts that follow each other before the first of them has a frame make a chain; nobody makes a longer one. */
const CHAIN_MAX = 50;

/**
 * The recordings that this one takes the place of and that still go on, the latest first: the one that it replaces, and
 * those that one was to replace and had not, for want of a first frame.
 */
export async function replacedByIt(
  store: Store,
  { replaces }: Pick<Job, 'replaces'>,
): Promise<readonly string[]> {
  const going: string[] = [];
  let id = replaces;
  for (let i = 0; id !== undefined && i < CHAIN_MAX; i++) {
    const [job, outcome, stop, ending] = await Promise.all([
      store.read(jobKey(id), jobSchema),
      store.read(outcomeKey(id), outcomeSchema),
      store.read(stopKey(id), stopSchema),
      store.read(endingKey(id), endingSchema),
    ]);
    if (outcome === undefined && stop === undefined && ending === undefined) going.push(id);
    id = job?.value.replaces;
  }
  return going;
}

/**
 * Stops what this recording takes the place of. A recorder calls it at its first frame, so that nothing is lost in
 * between. @returns the ids of those that were stopped
 */
export async function stopReplaced(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  job: Pick<Job, 'recordingId' | 'replaces'>,
): Promise<readonly string[]> {
  const going = await replacedByIt(store, job);
  const stop: Stop = {
    requestedAtMs: clock.nowMs(),
    by: `recording ${job.recordingId}`,
    reason: 'another recording with other settings took its place',
  };
  await Promise.all(
    going.map(async (id) => {
      await store.create(stopKey(id), stop);
      await endUnclaimed({ store, clock }, id, stop.by);
    }),
  );
  return going;
}
