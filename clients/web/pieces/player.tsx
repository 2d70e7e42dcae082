import 'hls-video-element';
import 'media-chrome';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { ApiError } from '../../typescript/client.ts';
import { type Hls, onPlaybackFault } from '../playerFaults.ts';

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

type Video = HTMLVideoElement & { readonly api?: Hls | null };

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
  // Before anything is painted: a list that is not there may be answered sooner than that.
  useLayoutEffect(() => {
    const { current } = video;
    if (current === null) return;
    return onPlaybackFault(current, (fault) => told.current?.(fault));
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
      // Who has watched what was live to its end has not halted it: the record may go on a little.
      plays: !current.paused || current.ended,
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
