import { ApiError } from '../typescript/client.ts';

/** What hls-video-element adds to a video element: hls.js itself. */
export interface Hls {
  readonly playingDate: Date | null;
  on(event: 'hlsError', listener: (event: string, fault: HlsFault) => void): void;
  off(event: 'hlsError', listener: (event: string, fault: HlsFault) => void): void;
}
export interface HlsFault {
  /** It has stopped loading. */
  readonly fatal: boolean;
  readonly details: string;
  readonly response?: { readonly code?: number };
}
/** What plays: hls.js where the browser has none of its own, else the browser. */
export type Playing = Pick<HTMLVideoElement, 'addEventListener' | 'removeEventListener' | 'error'> & {
  readonly api?: Hls | null;
};

/** What S3 and the API answer with for what is not there, or not for this link any more. */
const NOT_THERE: ReadonlySet<number | undefined> = new Set([401, 403, 404, 410]);
const GONE = 'It plays no further: what comes next is not there any more, or its link has run out.';
const STUCK = 'It plays no further: the player cannot load or show what comes next.';

/**
 * Tells when what has just been given its source, in this task, plays no further.
 * @returns ends that, as before another source
 */
export function onPlaybackFault(video: Playing, tell: (fault: ApiError) => void): () => void {
  let hls: Hls | null | undefined;
  let isOver = false;
  const say = (message: string, cause: string): void =>
    tell(new ApiError(message, { status: 0, code: 'playback_failed', cause }));
  const onHls = (_event: string, { fatal, details, response }: HlsFault): void => {
    if (fatal) say(NOT_THERE.has(response?.code) ? GONE : STUCK, details);
  };
  // What a browser says of a file that is not there is what it says of one that it cannot play.
  const onError = (): void => say(hls ? STUCK : GONE, video.error?.message ?? '');
  video.addEventListener('error', onError);
  // The element makes another hls.js for each source, at the end of the present task: before that it has the one before, or none.
  queueMicrotask(() => {
    if (isOver) return;
    hls = video.api;
    hls?.on('hlsError', onHls);
  });
  return () => {
    isOver = true;
    video.removeEventListener('error', onError);
    hls?.off('hlsError', onHls);
  };
}
