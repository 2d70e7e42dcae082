export const BITS = 16;
export const WIDTH = 320;
export const STRIP_HEIGHT = 16;

export interface CounterStreamOptions {
  readonly fps?: number;
  readonly keyframeEvery?: number;
  readonly audio?: boolean;
  readonly video?: boolean;
  /** The first frame's number. */
  readonly from?: number;
  /** Below the counter, in pixels. */
  readonly pictureHeight?: number;
}

/**
 * A moving picture with the frame's number burnt into its upper edge as 16 black or white blocks, and a tone: what a
 * recorder loses or repeats can be counted from the record itself.
 */
export function counterStreamArgs(options: CounterStreamOptions = {}): string[] {
  const {
    fps = 25,
    keyframeEvery = fps,
    audio = true,
    video = true,
    from = 0,
    pictureHeight = 164,
  } = options;
  const counter = `color=s=${BITS}x2:r=${fps},format=gray,geq=lum='if(mod(floor((N+${from})/pow(2,X)),2),235,16)',scale=${WIDTH}:${STRIP_HEIGHT}:flags=neighbor`;
  const picture = `testsrc2=size=${WIDTH}x${pictureHeight}:rate=${fps},format=gray`;
  return [
    ...(video ? ['-re', '-f', 'lavfi', '-i', `${counter}[c];${picture}[p];[c][p]vstack,format=yuv420p`] : []),
    ...(audio ? ['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100'] : []),
    ...(video
      ? ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', String(keyframeEvery)]
      : []),
    ...(audio ? ['-c:a', 'aac', '-aac_coder', 'fast', '-ac', '2', '-b:a', '96k'] : []),
  ];
}
