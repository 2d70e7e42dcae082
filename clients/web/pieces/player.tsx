import 'hls-video-element';
import 'media-chrome';
import { useEffect, useRef } from 'preact/hooks';
import { ApiError } from '../../typescript/client.ts';

export interface PlayerProps {
  readonly src: string;
  /** An HLS playlist, or a file that the browser plays itself. */
  readonly kind: 'hls' | 'file';
  readonly title: string;
  /** WebVTT of small pictures, which the time line shows. */
  readonly storyboard: string | undefined;
  /** Where to go, in seconds; another object goes there again. */
  readonly seek: Seek | undefined;
  /** It begins by itself, as where somebody has just asked for it. */
  readonly plays?: boolean;
  readonly onTime?: (time: PlayerTime) => void;
  /** It plays no further: what it plays was deleted, its link has run out, or the browser cannot play it. */
  readonly onFault?: (fault: ApiError) => void;
}

export interface Seek {
  readonly seconds: number;
  /** It goes on playing there. */
  readonly plays?: boolean;
}

export interface PlayerTime {
  readonly seconds: number;
  /** Wall clock of what is shown, where the playlist says it. */
  readonly clockMs: number | undefined;
  readonly plays: boolean;
}

/** What hls-video-element adds: hls.js itself. */
interface Hls {
  readonly playingDate: Date | null;
  on(event: 'hlsError', listener: (event: string, fault: HlsFault) => void): void;
  off(event: 'hlsError', listener: (event: string, fault: HlsFault) => void): void;
}
interface HlsFault {
  /** It has stopped loading. */
  readonly fatal: boolean;
  readonly details: string;
  readonly response?: { readonly code?: number };
}
type Video = HTMLVideoElement & { readonly api?: Hls | null };

/** What S3 and the API answer with for what is not there, or not for this link any more. */
const NOT_THERE: ReadonlySet<number | undefined> = new Set([401, 403, 404, 410]);
const GONE = 'It plays no further: what comes next is not there any more, or its link has run out.';
const STUCK = 'It plays no further: the player cannot load or show what comes next.';

function faultOf(message: string, cause: string): ApiError {
  return new ApiError(message, { status: 0, code: 'playback_failed', cause });
}

/** A twenty-fifth of a second: what a key moves by. */
const FRAME_SECONDS = 0.04;
/** `HTMLMediaElement.HAVE_CURRENT_DATA` */
const HAS_FIRST_FRAME = 2;
/** The page's Content-Security-Policy lets no script be made of data, and fragments of MP4 need no work. */
const HLS_CONFIG = { enableWorker: false };

/** A recording, or a record, in the browser's own player, with speed, steps of a frame (`,` and `.`) and media-chrome's keys. */
export function Player(props: PlayerProps) {
  const { src, kind, title, storyboard, seek, plays = false, onTime, onFault } = props;
  const video = useRef<Video>(null);
  const told = useRef(onFault);
  told.current = onFault;
  useEffect(() => {
    const { current } = video;
    if (current === null) return;
    const onHls = (_event: string, { fatal, details, response }: HlsFault): void => {
      if (fatal) told.current?.(faultOf(NOT_THERE.has(response?.code) ? GONE : STUCK, details));
    };
    // Another source has another hls.js.
    const { api } = current;
    if (api) {
      api.on('hlsError', onHls);
      return () => api.off('hlsError', onHls);
    }
    const onError = (): void => told.current?.(faultOf(GONE, current.error?.message ?? ''));
    current.addEventListener('error', onError);
    return () => current.removeEventListener('error', onError);
  }, [src, kind]);
  useEffect(() => {
    const { current } = video;
    if (current === null || seek === undefined) return;
    const go = (): void => {
      current.currentTime = seek.seconds;
      // A browser that lets nothing play by itself shows where it stands.
      if (seek.plays === true) current.play().catch(() => undefined);
    };
    if (current.readyState >= HAS_FIRST_FRAME) return go();
    // Before that hls.js goes where it begins.
    current.addEventListener('loadeddata', go, { once: true });
    return () => current.removeEventListener('loadeddata', go);
  }, [seek]);
  const tell = (): void => {
    const { current } = video;
    if (current === null) return;
    onTime?.({
      seconds: current.currentTime,
      clockMs: current.api?.playingDate?.getTime(),
      plays: !current.paused,
    });
  };
  const step = (event: KeyboardEvent): void => {
    const direction = event.key === '.' ? 1 : event.key === ',' ? -1 : 0;
    if (direction === 0 || video.current === null) return;
    video.current.pause();
    video.current.currentTime += direction * FRAME_SECONDS;
  };
  const media = {
    ref: video,
    slot: 'media',
    src,
    preload: 'metadata',
    playsInline: true,
    autoPlay: plays,
    'aria-label': title,
    onTimeUpdate: tell,
  } as const;
  const thumbnails = storyboard !== undefined && (
    <track kind="metadata" label="thumbnails" default src={storyboard} />
  );
  return (
    <media-controller class="player" onKeyDown={step}>
      {kind === 'hls' ? (
        // The list and its pictures may be of another origin than the page.
        <hls-video config={HLS_CONFIG} crossOrigin="anonymous" {...media}>
          {thumbnails}
        </hls-video>
      ) : (
        <video {...media}>{thumbnails}</video>
      )}
      <media-control-bar>
        <media-play-button />
        <media-time-range />
        <media-time-display showduration />
        <media-playback-rate-button rates="0.5 1 1.5 2 4 8" />
        <media-mute-button />
        <media-volume-range />
        <media-fullscreen-button />
      </media-control-bar>
    </media-controller>
  );
}
