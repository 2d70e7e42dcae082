import 'media-chrome';
import { useEffect, useRef } from 'preact/hooks';

export interface PlayerProps {
  readonly src: string;
  readonly title: string;
  /** Where to go, in seconds; another object goes there again. */
  readonly seek: { readonly seconds: number } | undefined;
  readonly onTime: (seconds: number) => void;
}

/** A twenty-fifth of a second: what a key moves by. */
const FRAME_SECONDS = 0.04;

/** A record in the browser's own player, with speed, steps of a frame (`,` and `.`) and media-chrome's keys. */
export function Player({ src, title, seek, onTime }: PlayerProps) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current !== null && seek !== undefined) video.current.currentTime = seek.seconds;
  }, [seek]);
  const step = (event: KeyboardEvent): void => {
    const direction = event.key === '.' ? 1 : event.key === ',' ? -1 : 0;
    if (direction === 0 || video.current === null) return;
    video.current.pause();
    video.current.currentTime += direction * FRAME_SECONDS;
  };
  return (
    <media-controller class="player" onKeyDown={step}>
      <video
        ref={video}
        slot="media"
        src={src}
        preload="metadata"
        playsInline
        aria-label={title}
        onTimeUpdate={(event) => onTime(event.currentTarget.currentTime)}
      />
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
