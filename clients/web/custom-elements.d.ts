import type { ComponentChildren, JSX } from 'preact';

/** The elements of media-chrome that the player is made of. */
type MediaElement = JSX.HTMLAttributes<HTMLElement> & { children?: ComponentChildren };
/** A video element that plays HLS in every browser. */
type HlsElement = JSX.IntrinsicElements['video'] & { config?: { enableWorker: boolean } };

declare module 'preact' {
  namespace JSX {
    interface IntrinsicElements {
      'hls-video': HlsElement;
      'media-controller': MediaElement;
      'media-control-bar': MediaElement;
      'media-play-button': MediaElement;
      'media-time-range': MediaElement;
      'media-time-display': MediaElement & { showduration?: boolean };
      'media-playback-rate-button': MediaElement & { rates?: string };
      'media-mute-button': MediaElement;
      'media-volume-range': MediaElement;
      'media-fullscreen-button': MediaElement;
    }
  }
}
