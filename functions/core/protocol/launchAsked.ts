import { attemptKey, jobKey, outcomeKey } from '../state/keys.ts';
import { claimSchema, endSchema, jobSchema, type Launch, outcomeSchema } from '../state/objects.ts';
import type { LaunchAsk } from './asks.ts';
import { NoCapacityError } from './launch.ts';
import type { Clock, Launcher, Store } from './ports.ts';

export interface LaunchPorts {
  readonly store: Store;
  readonly clock: Clock;
  /** RunTask. */
  readonly tasks: Launcher;
  /** Whether a host says that it takes another one. Must not throw: who does not know says no. */
  readonly haveHostsRoom: () => Promise<boolean>;
  /** There are too few hosts. Must not throw: the recording has its task in any case. */
  readonly moreHosts: () => Promise<void>;
  /** Notes how the launch goes, for those who wait. This function alone writes it. */
  readonly note: (recordingId: string, launch: Launch) => Promise<void>;
  /** The same ask again, later. */
  readonly again: (ask: LaunchAsk, delayMs: number) => Promise<void>;
  /** No task will ever claim this attempt. @param reason in ECS's words */
  readonly giveUp: (ask: LaunchAsk, reason: string) => Promise<void>;
  /** Nobody will record: says what was not said of it yet. */
  readonly ended: (ask: LaunchAsk) => Promise<void>;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** Until then ECS may say no: throttled, without capacity, or out of reach. Afterwards the recording has ended. */
export const START_DEADLINE_MS = 2 * 60_000;
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MAX_MS = 15_000;

/** A host that has room, and more at once than it claims within three seconds, is left so long. */
export const LEFT_TO_HOSTS_MS = 10_000;
export const LOOK_AGAIN_MS = 2_000;

/** `needless`: somebody records, or nobody waits any more. `leftToHosts`: it is looked at again. */
export type Launched = 'needless' | 'leftToHosts' | 'launched' | 'refused' | 'givenUp';

/**
 * Launches the task of an attempt that nobody has claimed. A refusal is tried again, with ever more time in between and
 * never together with others, until the deadline, which bounds when ECS has to take it: then the task's end decides.
 * Safe to repeat: the attempt's client token makes a second RunTask give the same task.
 */
export async function launchAsked(ports: LaunchPorts, ask: LaunchAsk): Promise<Launched> {
  const { store, clock, tasks } = ports;
  const { recordingId, attempt, askedAtMs, tries } = ask;
  const claim = await store.read(attemptKey(recordingId, attempt, 'claim'), claimSchema);
  // So it is with nearly all that hosts were asked for.
  if (claim !== undefined && claim.value.void === undefined) return 'needless';
  if (claim === undefined && (await isForHosts(ports, ask))) {
    await ports.again(ask, LOOK_AGAIN_MS);
    return 'leftToHosts';
  }
  const [job, outcome, end] = await Promise.all([
    store.read(jobKey(recordingId), jobSchema),
    store.read(outcomeKey(recordingId), outcomeSchema),
    store.read(attemptKey(recordingId, attempt, 'end'), endSchema),
  ]);
  // Stopped before a recorder came: whoever said so left the rest to us.
  if (outcome !== undefined || claim?.value.void !== undefined) await ports.ended(ask);
  if (job === undefined || outcome !== undefined || claim !== undefined || end !== undefined) {
    return 'needless';
  }
  if (ask.hostsWereAsked === true && tries === 0) await ports.moreHosts();
  try {
    await tasks.run(recordingId, attempt);
  } catch (error) {
    const refusedFor = refusalOf(error);
    if (clock.nowMs() - askedAtMs >= START_DEADLINE_MS) {
      await ports.giveUp(ask, refusedFor);
      return 'givenUp';
    }
    const delayMs = backoffMs(tries, ports.random());
    await ports.again({ ...ask, tries: tries + 1 }, delayMs);
    await ports.note(recordingId, { attempt, askedAtMs, tries: tries + 1, refusedFor });
    return 'refused';
  }
  await ports.note(recordingId, { attempt, askedAtMs, tries, acceptedAtMs: clock.nowMs() });
  return 'launched';
}

/** They have been asked, and say that they have room: a task would come later than they, and for nothing. */
async function isForHosts({ clock, haveHostsRoom }: LaunchPorts, ask: LaunchAsk): Promise<boolean> {
  if (ask.hostsWereAsked !== true || ask.tries > 0) return false;
  return clock.nowMs() - ask.askedAtMs < LEFT_TO_HOSTS_MS && (await haveHostsRoom());
}

/** Between half and all of the time, so that those who were refused together do not come back together. */
function backoffMs(tries: number, random: number): number {
  const most = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** tries);
  return Math.round(most * (0.5 + random / 2));
}

function refusalOf(error: unknown): string {
  if (error instanceof NoCapacityError) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
