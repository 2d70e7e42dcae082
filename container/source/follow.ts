import { setTimeout as delay } from 'node:timers/promises';
import { planFor } from '../../functions/core/settings/formats.ts';
import { sessionKey } from '../../functions/core/state/keys.ts';
import { sessionSchema } from '../../functions/core/state/objects.ts';
import type { AttemptContext } from '../attempt/context.ts';
import type { StopRequest } from '../attempt/stopRequest.ts';
import type { Recording } from '../record/recording.ts';
import { expectedStreams } from './expectedStreams.ts';
import { ForbiddenSourceError, UNRESOLVABLE, UnresolvableSourceError } from './reach/dnsResolution.ts';
import { forbidden, type SourceAccess } from './reach/sourceAccess.ts';
import { SourceReach } from './reach/sourceReach.ts';
import { runSource, type SourceEnd } from './sourceRun.ts';

/** The source sends something else than expected: the second plan is made of what it sends. */
const REPLANS_MAX = 5;
const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 3_000;

export interface FollowOptions {
  readonly ffmpegPath: string;
  readonly stop: StopRequest;
}

export interface Followed {
  readonly end: SourceEnd;
  /** How long a source that was lost has been waited for, in ms; 0: nothing was to be waited for. */
  readonly awaitedMs: number;
}

/**
 * Follows a source until it has ended for good: runs ffmpeg, again with another plan when the source sends something
 * else than was expected, and again when it was lost, for as long as the reconnect window allows.
 */
export async function followSource(
  context: AttemptContext,
  recording: Recording,
  options: FollowOptions,
): Promise<Followed> {
  const reach = new SourceReach(context.job.settings.sources, context.lookup);
  try {
    return await follow(context, recording, options, reach);
  } finally {
    await reach.close();
  }
}

async function follow(
  context: AttemptContext,
  recording: Recording,
  options: FollowOptions,
  reach: SourceReach,
): Promise<Followed> {
  const { job, log, clock } = context;
  const { stop } = options;
  const { openTimeoutMs, reconnectWindowMs } = job.settings;
  const openUntilMs = clock.nowMs() + openTimeoutMs;
  let plan = planFor(expectedStreams(job), job.settings);
  let replans = 0;
  let changedFrom: string | undefined;
  let ignoresRepeatedParameters = false;
  let lost: { readonly sinceMs: number; tries: number } | undefined;
  for (;;) {
    const before = recording.fragments;
    recording.begin(plan.format);
    const leftMs = (lost === undefined ? openUntilMs : lost.sinceMs + reconnectWindowMs) - clock.nowMs();
    const access = await judge(reach, job.source.url);
    const end: SourceEnd =
      'kind' in access
        ? access
        : await runSource({
            ffmpegPath: options.ffmpegPath,
            input: { url: job.source.url, settings: job.settings, rejoins: recording.hasBegun },
            access,
            plan,
            planFor: (streams) => planFor(streams, job.settings),
            onChunk: (chunk) => recording.write(chunk),
            onTimeline: (startMs) => recording.joinTimeline(startMs),
            onParameterChange: (atMs) => recording.endRunAt(atMs),
            ignoresRepeatedParameters,
            runMs: () => recording.runMs,
            openTimeoutMs: Math.max(1_000, Math.min(openTimeoutMs, leftMs)),
            signal: stop.signal,
            log,
          });
    if (end.kind === 'refused') {
      log.warn('the source is refused', { reason: end.reason });
      return atOnce(end);
    }
    if (stop.cause !== undefined) return atOnce(end);
    // The same parameters again after a change: this source repeats them, and that is no change.
    ignoresRepeatedParameters ||=
      end.kind !== 'replan' && changedFrom !== undefined && end.parameters === changedFrom;
    changedFrom = undefined;
    if (end.kind === 'changed') {
      log.info('the codec parameters of the source changed: ffmpeg begins again');
      changedFrom = end.parameters;
      continue;
    }
    if (end.kind === 'replan') {
      replans += 1;
      if (replans > REPLANS_MAX) return atOnce(end);
      log.info('the source sends something else than expected: ffmpeg begins again', { plan: end.plan });
      plan = end.plan;
      continue;
    }
    if (!recording.hasBegun) {
      // A stream that is not published yet looks like this: it may still come in time.
      if (end.timedOut && clock.nowMs() < openUntilMs) continue;
      return atOnce(end);
    }
    // To fetch a file again would record it again.
    if (end.isFinite) return atOnce(end);
    if (recording.fragments > before) lost = undefined;
    lost ??= { sinceMs: clock.nowMs(), tries: 0 };
    if (await isUnpublished(context)) return atOnce(end);
    if (clock.nowMs() - lost.sinceMs >= reconnectWindowMs) return { end, awaitedMs: reconnectWindowMs };
    log.warn('the source was lost: trying again', { exitCode: end.exitCode, tries: lost.tries });
    await delay(backoffMs(lost.tries), undefined, { signal: stop.signal }).catch(() => undefined);
    if (stop.cause !== undefined) return atOnce(end);
    lost.tries += 1;
  }
}

const atOnce = (end: SourceEnd): Followed => ({ end, awaitedMs: 0 });

/** A connection that was cut is often taken again at once; what fails then is given more and more time. */
function backoffMs(tries: number): number {
  return tries === 0 ? 0 : Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (tries - 1));
}

/** What ffmpeg is to be given; or how the source ended without it. */
async function judge(reach: SourceReach, url: string): Promise<SourceAccess | SourceEnd> {
  try {
    return await reach.prepare(url);
  } catch (error) {
    if (error instanceof ForbiddenSourceError) return { kind: 'refused', reason: forbidden(error.message) };
    if (!(error instanceof UnresolvableSourceError)) throw error;
    return {
      kind: 'ended',
      exitCode: 1,
      complaints: [UNRESOLVABLE],
      complaint: undefined,
      isFinite: false,
      parameters: undefined,
      timedOut: false,
    };
  }
}

/** The registry says that the stream has ended: there is nothing to wait for. */
async function isUnpublished({ store, job }: AttemptContext): Promise<boolean> {
  const session = await store.read(sessionKey(job.mediaSessionId), sessionSchema);
  return session !== undefined && session.value.status !== 'PUBLISHING';
}
