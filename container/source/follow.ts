import { setTimeout as delay } from 'node:timers/promises';
import { type EncodingPlan, planFor } from '../../functions/core/settings/formats.ts';
import type { FoundSource } from '../../functions/core/settings/selectTracks.ts';
import { sessionKey } from '../../functions/core/state/keys.ts';
import { sessionSchema } from '../../functions/core/state/objects.ts';
import type { AttemptContext } from '../attempt/context.ts';
import type { StopRequest } from '../attempt/stopRequest.ts';
import type { Recording } from '../record/recording.ts';
import { expectedStreams } from './expectedStreams.ts';
import type { SourceAccess } from './reach/sourceAccess.ts';
import { SoundJumps } from './soundJumps.ts';
import { openingFailure } from './sourceErrors.ts';
import { SourceInput } from './sourceInput.ts';
import { BEGINNING_BACKOFF_MS, SourcePatience } from './sourcePatience.ts';
import { runSource, type SourceEnd } from './sourceRun.ts';

/** Of sources whose tracks come and go all the time no more are followed. */
const NEW_TRACKS_MAX = 10;

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
 * Follows a source until it has ended for good: reads it, mostly by ffmpeg, again with another plan when the source sends
 * something else than was expected, and again when it was lost, for as long as the reconnect window allows.
 */
export async function followSource(
  context: AttemptContext,
  recording: Recording,
  options: FollowOptions,
): Promise<Followed> {
  const input = new SourceInput(context, options.ffmpegPath);
  try {
    return await follow(context, recording, options, input);
  } finally {
    await input.close();
  }
}

async function follow(
  context: AttemptContext,
  recording: Recording,
  options: FollowOptions,
  input: SourceInput,
): Promise<Followed> {
  const { job, log, clock } = context;
  const { stop } = options;
  const { reconnectWindowMs } = job.settings;
  const patience = new SourcePatience(job.settings, clock.nowMs());
  let plan: EncodingPlan | undefined;
  /** For all that was announced. */
  let whole: EncodingPlan | undefined;
  let newTracks = 0;
  let looksLonger = false;
  let readHere: FoundSource | undefined;
  /** ffmpeg does not know the source's codecs: what is read without one is recorded as it comes. */
  let encodes = true;
  for (;;) {
    const before = recording.fragments;
    const openTimeoutMs = patience.openTimeoutMs(clock.nowMs());
    const run = await input.prepare(openTimeoutMs, stop.signal);
    // What has come in time is read, however little of the window is left.
    const isThere = !('kind' in run) && run.receivedAtMs !== undefined;
    const soundJumps = new SoundJumps();
    recording.begin('kind' in run ? {} : { ...run, takenOff: soundJumps.all });
    const announced = 'kind' in run ? undefined : run.announced;
    // A stream that has just begun is described after a run that was planned without that.
    if (plan === undefined || (announced !== undefined && !recording.hasBegun)) {
      const streams = announced ?? expectedStreams(job, 'kind' in run ? 1 : run.access.sounds);
      plan = planFor(streams, job.settings);
      whole = plan;
    }
    // What a run before had not would be found out only when all is opened, and what was fetched until then may not be had
    // again.
    if (
      !('kind' in run) &&
      (hasMoreSounds(run.access, plan) || (!looksLonger && hasNowCome(run.access, plan)))
    )
      plan = planFor(expectedStreams(job, run.access.sounds), job.settings);
    const end: SourceEnd =
      'kind' in run
        ? run
        : await runSource({
            ffmpegPath: options.ffmpegPath,
            input: { url: job.source.url, settings: job.settings, rejoins: recording.hasBegun, looksLonger },
            access: run.access,
            plan,
            planFor: (streams, packets) => planFor(streams, job.settings, encodes || packets === 'nut'),
            readHere,
            onTracks: (outputs, run) => {
              input.settle();
              recording.beginTracks(outputs, run);
            },
            onChunk: (output) => recording.write(output),
            soundJumps,
            connectionMs: () => recording.connectionMs,
            openTimeoutMs: isThere ? job.settings.openTimeoutMs : openTimeoutMs,
            keyframeWait: run.keyframeWait,
            endsForNewTracks: reconnectWindowMs > 0 && newTracks < NEW_TRACKS_MAX,
            signal: stop.signal,
            log,
          });
    await recording.endRun();
    if (recording.fragments > before) patience.heard();
    if (end.kind === 'refused') {
      log.warn('the source is refused', { reason: end.reason });
      return atOnce(end);
    }
    // What had come by then, and only another can read, is given to it all the same.
    const isUnread = end.kind === 'replan' && end.reader !== undefined;
    if (stop.cause !== undefined && !isUnread) return atOnce(end);
    const after = 'kind' in run ? 'lost' : await input.endRun(end, recording.fragments > before);
    if (end.kind === 'ended' && end.hasNewTrack) {
      newTracks += 1;
      // A server may begin each time with the keyframe that comes next, and that one be long in coming.
      looksLonger ||= plan.awaited !== undefined;
      plan = whole;
      continue;
    }
    if (end.kind === 'replan') {
      if (isUnread) patience.answered();
      else if (!patience.replan()) return atOnce(end);
      else log.info('the source sends something else than expected: ffmpeg begins again', { plan: end.plan });
      if (end.reader === 'ffmpeg') readHere = end.readHere;
      else if (end.reader === 'own' && encodes) {
        encodes = false;
        log.warn(
          'ffmpeg does not know what the source sends: it is recorded without one, its sound as it is',
        );
      }
      plan = end.plan;
      looksLonger ||= end.looksLonger === true;
      continue;
    }
    if (after === 'goesOn') continue;
    if (after === 'over') return atOnce(end);
    if (!recording.hasBegun) {
      // A stream that is not published yet looks like this: it may still come in time.
      if (end.timedOut && patience.mayStillOpen(clock.nowMs())) continue;
      const isUnknown = (end.reason ?? openingFailure(end, end.timedOut)).code === 'source_not_found';
      if (!isUnknown || !patience.mayJustBegin(job.requestedAtMs, clock.nowMs())) return atOnce(end);
      await delay(BEGINNING_BACKOFF_MS, undefined, { signal: stop.signal }).catch(() => undefined);
      if (stop.cause !== undefined) return atOnce(end);
      continue;
    }
    // To fetch a file again would record it again.
    if (end.isFinite) return atOnce(end);
    const { isOver, tries, backoffMs } = patience.lose(clock.nowMs());
    if (await isUnpublished(context)) return atOnce(end);
    if (isOver) return { end, awaitedMs: reconnectWindowMs };
    log.warn('the source was lost: trying again', { exitCode: end.exitCode, tries });
    await delay(backoffMs, undefined, { signal: stop.signal }).catch(() => undefined);
    if (stop.cause !== undefined) return atOnce(end);
  }
}

/** Sound has an input of its own now. */
const hasMoreSounds = ({ others }: SourceAccess, { maps }: EncodingPlan): boolean =>
  others.length > maps.filter((map) => map.startsWith('0:a:')).length;

/** The segment with which a run begins has pictures or sound that had never come. */
const hasNowCome = ({ inSegments, hasCome }: SourceAccess, { leftOut }: EncodingPlan): boolean =>
  inSegments &&
  leftOut.some(
    ({ kind, reason }) => reason === 'never_came' && (kind === 'video' || kind === 'audio') && hasCome(kind),
  );

const atOnce = (end: SourceEnd): Followed => ({ end, awaitedMs: 0 });

/** The registry says that the stream has ended: there is nothing to wait for. */
async function isUnpublished({ store, job }: AttemptContext): Promise<boolean> {
  const session = await store.read(sessionKey(job.mediaSessionId), sessionSchema);
  return session !== undefined && session.value.status !== 'PUBLISHING';
}
