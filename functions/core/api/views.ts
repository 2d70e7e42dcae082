import type { NotPlayable } from '../playback/playable.ts';
import { redactUrl } from '../source/sourceUrl.ts';
import {
  latestProgress,
  type PartObjects,
  partStatus,
  type RecordingObjects,
  recordingReason,
  recordingStatus,
  type StatusFacts,
  waitingOf,
} from '../state/fold.ts';
import type { Job, Outcome, Session, Stop } from '../state/objects.ts';
import { type PartsPage, partsPage } from './partsPage.ts';
import { stretchesOf, totalMs } from './timeline.ts';

/** What the API shows. Times are ISO 8601; no secret of a source URL is in it. */
export function streamView(session: Session): Record<string, unknown> {
  const { sourceUrl, eventAtMs, publishedAtMs, ...shown } = session;
  return {
    ...shown,
    sourceUrl: redactUrl(sourceUrl),
    eventAt: isoTime(eventAtMs),
    publishedAt: isoTime(publishedAtMs),
  };
}

export interface RecordLink {
  readonly url: string;
  readonly expiresInSeconds: number;
}

/** It answers GET and HEAD. */
export interface FileLink extends RecordLink {
  /** The same address, which had to be another one for HEAD in version 0.1. */
  readonly headUrl: string;
}

/** One saves the record under its name, the other shows it in a browser. */
export interface RecordLinks {
  readonly download: FileLink;
  readonly play: FileLink;
}

/** A link to an HLS playlist. */
export interface HlsLink extends RecordLink {
  /** It goes on: the list slides, and ends with the recording. */
  readonly live: boolean;
}

/** How a recording is played as a whole: a link to its HLS playlist, or why there is none. */
export interface PlayView {
  readonly hls?: HlsLink;
  readonly unavailable?: { readonly code: NotPlayable; readonly message: string };
}

/** Links to a recording's pictures. */
export interface PicturesView {
  /** Of its first second. */
  readonly poster?: RecordLink;
  /** Of what is recorded at present, while it is. */
  readonly latest?: RecordLink;
  /** WebVTT: where small pictures of all of it lie, in the time of what `play` plays. */
  readonly storyboard?: RecordLink;
}

/** The same of a part that is in the library, each with its key there. */
export interface PartPicturesView {
  readonly poster?: RecordLink & { readonly key: string };
  readonly storyboard?: RecordLink & { readonly key?: string; readonly spriteKey: string };
}

export interface RecordingPicturesView {
  readonly recording: PicturesView | undefined;
  readonly parts: ReadonlyMap<number, PartPicturesView>;
}

/** What `GET /recordings` reads of a recording: which objects there are, and three of them. */
export interface RecordingSummary extends StatusFacts {
  readonly job: Job;
  readonly stop?: Stop;
  readonly outcome?: Outcome;
  /** How many of its parts in the library lack something, and how many were rescued. */
  readonly incompleteParts: number;
  readonly recoveredParts: number;
  /** The first part that has a picture of its first second. */
  readonly posterPart: number | undefined;
  readonly hasLatestPicture: boolean;
}

/** A recording as a list shows it. */
export function summaryView(summary: RecordingSummary, pictures?: PicturesView): Record<string, unknown> {
  const { job, stop, outcome, parts, incompleteParts, recoveredParts } = summary;
  return {
    recordingId: job.recordingId,
    mediaSessionId: job.mediaSessionId,
    streamName: job.stream.name,
    status: recordingStatus(summary),
    reason: outcome?.reason,
    requestedAt: isoTime(job.requestedAtMs),
    stopRequestedAt: isoTime(stop?.requestedAtMs),
    endedAt: isoTime(outcome?.atMs),
    parts: parts.size,
    incompleteParts: incompleteParts === 0 ? undefined : incompleteParts,
    recoveredParts: recoveredParts === 0 ? undefined : recoveredParts,
    pictures,
  };
}

/**
 * A recording as `GET /recordings/{id}` answers.
 * @param links for each part of the page that is in the library
 * @param page which parts are shown; the first ones by default
 */
export function recordingView(
  objects: RecordingObjects,
  links: ReadonlyMap<number, RecordLinks>,
  {
    play,
    pictures,
    page = partsPage(objects),
  }: {
    readonly play?: PlayView | undefined;
    readonly pictures?: RecordingPicturesView | undefined;
    readonly page?: PartsPage;
  } = {},
): Record<string, unknown> {
  const { job, stop, outcome } = objects;
  const shown = new Set(page.parts);
  const parts = [...objects.parts].sort(([a], [b]) => a - b);
  const startTimeMs = parts[0]?.[1].open?.startTimeMs;
  return {
    recordingId: job.recordingId,
    mediaSessionId: job.mediaSessionId,
    streamName: job.stream.name,
    status: recordingStatus(objects),
    reason: recordingReason(objects),
    source: sourceOf(job),
    merge: job.merge,
    replaces: job.replaces,
    settings: job.settings,
    requestedAt: isoTime(job.requestedAtMs),
    waiting: waitingView(objects),
    // A source that sends what it has kept begins in the past; the recording does not.
    startedAt: startTimeMs === undefined ? undefined : isoTime(Math.max(startTimeMs, job.requestedAtMs)),
    stopRequestedAt: isoTime(stop?.requestedAtMs),
    endedAt: isoTime(outcome?.atMs),
    hostId: hostOf(objects),
    progress: progressView(objects),
    play,
    pictures: pictures?.recording,
    timeline: timelineView(objects),
    partCount: parts.length,
    parts: parts.flatMap(([part, found], index) =>
      shown.has(part)
        ? [
            {
              ...partView(part, found, links.get(part)),
              pictures: pictures?.parts.get(part),
              gapBeforeMs: gapBetween(parts[index - 1]?.[1], found),
            },
          ]
        : [],
    ),
    nextToken: page.nextToken,
  };
}

function sourceOf({ merge, source }: Job): string {
  return merge === undefined ? redactUrl(source.url) : `room:${encodeURIComponent(merge.room)}`;
}

/** What was not recorded between two parts of different attempts; parts of one attempt join without a gap. */
function gapBetween(before: PartObjects | undefined, after: PartObjects): number | undefined {
  if (before?.final === undefined || after.open === undefined) return undefined;
  if (before.final.attempt === after.open.attempt) return undefined;
  return Math.max(0, after.open.startTimeMs - before.final.endTimeMs);
}

/** What was recorded when, and what is missing; undefined before the first frame. */
function timelineView(objects: RecordingObjects): Record<string, unknown> | undefined {
  const stretches = stretchesOf(objects);
  if (stretches.length === 0) return undefined;
  return {
    recordedMs: totalMs(stretches, 'recorded'),
    missingMs: totalMs(stretches, 'missing'),
    stretches: stretches.map(({ startTimeMs, endTimeMs, ...shown }) => ({
      startTime: isoTime(startTimeMs),
      endTime: isoTime(endTimeMs),
      ...shown,
    })),
  };
}

/** Since when, and for what. */
function waitingView(objects: RecordingObjects): Record<string, unknown> | undefined {
  const waiting = waitingOf(objects);
  if (waiting === undefined) return undefined;
  const { sinceMs, ...shown } = waiting;
  return { since: isoTime(sinceMs), ...shown };
}

/** Who carries its latest attempt; undefined where a task has it alone, and when that has ended. */
function hostOf({ attempts, outcome }: RecordingObjects): string | undefined {
  const latest = attempts.get(Math.max(0, ...attempts.keys()));
  return outcome === undefined && latest?.end === undefined ? latest?.claim?.hostId : undefined;
}

function progressView(objects: RecordingObjects): Record<string, unknown> | undefined {
  const progress = latestProgress(objects);
  if (progress === undefined || objects.outcome !== undefined) return undefined;
  const { atMs, waitsForKeyframeSinceMs: _told, ...shown } = progress;
  return {
    at: isoTime(atMs),
    ...shown,
    durationMs: Math.round(shown.durationMs),
    tailAgeMs: Math.round(shown.tailAgeMs),
  };
}

export function partView(
  part: number,
  found: PartObjects,
  links: RecordLinks | undefined,
): Record<string, unknown> {
  const { open, final, moved } = found;
  return {
    part,
    attempt: open?.attempt ?? final?.attempt,
    status: partStatus(found),
    fileName: moved?.key.split('/').at(-1) ?? open?.fileName,
    format: open?.format ?? final?.format,
    startTime: isoTime(final?.startTimeMs ?? open?.startTimeMs),
    endTime: isoTime(final?.endTimeMs),
    durationMs: wholeMs(moved?.durationMs ?? final?.durationMs),
    bytes: final?.bytes,
    crc32: final?.bytes === 0 ? undefined : (moved?.crc32 ?? final?.crc32),
    sha256: moved?.sha256,
    etag: moved?.etag,
    tracks: final?.tracks ?? open?.tracks,
    leftOut: open?.leftOut,
    recovered: final?.recovered,
    incomplete: moved?.incomplete,
    estimatedLossMs: final?.estimatedLossMs,
    gaps: final?.gaps?.map(({ atMs, durationMs }) => ({
      atMs: Math.round(atMs),
      durationMs: Math.round(durationMs),
    })),
    library:
      moved === undefined ? undefined : { bucket: moved.bucket, key: moved.key, versionId: moved.versionId },
    wholeName: moved?.wholeName,
    download: links?.download,
    play: links?.play,
  };
}

function wholeMs(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms);
}

export function isoTime(timeMs: number | undefined): string | undefined {
  return timeMs === undefined ? undefined : new Date(timeMs).toISOString();
}
