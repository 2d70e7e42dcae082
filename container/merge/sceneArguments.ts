import { burntName } from '../../functions/core/rooms/burntName.ts';
import type { MergePicture } from '../../functions/core/rooms/merge.ts';
import type { Scene, SceneInput } from '../../functions/core/rooms/scenes.ts';
import { PICTURE_MAX_PIXELS } from '../pictures/arguments.ts';

/** Of the mixed sound: what most participants send. */
export const SOUND_RATE_HZ = 48_000;
export const SOUND_CHANNELS = 2;
/** ffmpeg writes pictures to the first, sound to the other. */
export const PICTURE_PIPE = 1;
export const SOUND_PIPE = 3;
/** Of a frame in 4:2:0, and of a sample of all channels. */
export const frameBytes = ({ width, height }: Pick<MergePicture, 'width' | 'height'>): number =>
  (width * height * 3) / 2;
export const SAMPLE_BYTES = SOUND_CHANNELS * 4;

/** MPEG-TS has no index: ffmpeg lands somewhere near, and gets no picture before the next keyframe. */
const TS_EARLIER_SECONDS = 10;

export interface SceneRun {
  readonly scene: Scene;
  /** Undefined: sound alone. */
  readonly picture: MergePicture | undefined;
  /** Of the scene's sound, in samples. */
  readonly samples: number;
  /** Where the record of each of the scene's inputs is read. */
  readonly urls: readonly string[];
  /** Undefined: what fontconfig gives. */
  readonly fontPath: string | undefined;
}

/**
 * One scene, as raw pictures and raw sound: exactly as many frames and samples as it has, whatever comes of its inputs. The
 * canvas counts the frames, and each input's picture is laid on it where and when it is there.
 */
export function sceneArguments(run: SceneRun): string[] {
  const { scene, picture } = run;
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error', '-filter_complex_threads', '1'],
    ...scene.inputs.flatMap((input, place) => inputArguments(input, run.urls[place] ?? '')),
    ...(picture === undefined
      ? []
      : [
          ...['-filter_complex', pictureGraph(run, picture), '-map', '[picture]', '-fps_mode', 'passthrough'],
          ...['-c:v', 'rawvideo', '-f', 'rawvideo', `pipe:${PICTURE_PIPE}`],
        ]),
    // A graph of its own: where a source changes its sound in the middle, ffmpeg makes the graph anew.
    ...[
      '-filter_complex',
      soundGraph(run),
      '-map',
      '[sound]',
      '-c:a',
      'pcm_f32le',
      '-f',
      'f32le',
      `pipe:${SOUND_PIPE}`,
    ],
  ];
}

/** Where in the record ffmpeg is told to begin. */
const seekSeconds = ({ piece, fromMs }: SceneInput): number =>
  Math.max(0, fromMs / 1_000 - (piece.format === 'ts' ? TS_EARLIER_SECONDS : 0));

/** How much is read that is not shown. */
const earlierSeconds = (input: SceneInput): number => input.fromMs / 1_000 - seekSeconds(input);

function inputArguments(input: SceneInput, url: string): string[] {
  return [
    ...['-protocol_whitelist', 'http,tcp', '-max_pixels', String(PICTURE_MAX_PIXELS), '-threads', '1'],
    // From the keyframe before: what is shown at the scene's beginning is a frame that began earlier.
    ...['-noaccurate_seek', '-ss', seekSeconds(input).toFixed(6)],
    // A resolution that changes in the middle is the scaler's matter, not that of all others.
    ...['-reinit_filter:v', '0', '-noautorotate', '-i', url],
  ];
}

function pictureGraph({ scene, fontPath }: SceneRun, { width, height, fps, names }: MergePicture): string {
  const canvas = `color=c=black:s=${width}x${height}:r=${fps},format=yuv420p,trim=end_frame=${scene.frames}`;
  const chains = [`${canvas}[canvas]`];
  let last = '[canvas]';
  for (const [place, input] of scene.inputs.entries()) {
    const { cell } = input;
    if (cell === undefined) continue;
    const { width: w, height: h } = cell;
    const size = `w='max(2,2*trunc(min(${w},${h}*dar)/2))':h='max(2,2*trunc(min(${h},${w}/dar)/2))'`;
    chains.push(
      `[${place}:v:0]${shift('setpts', input)}scale=${size}:eval=frame:flags=bilinear,setsar=1,format=yuv420p,` +
        `pad=${w}:${h}:-1:-1:eval=frame[cell${place}]`,
    );
    const laid = `${last}[cell${place}]overlay=x=${cell.x}:y=${cell.y}:eval=init:eof_action=pass:format=yuv420`;
    last = `[shown${place}]`;
    chains.push(`${laid}${last}`);
  }
  const burnt = names ? scene.seats.flatMap((seat) => nameFilter(seat, fontPath)) : [];
  chains.push(`${last}${['setsar=1', ...burnt].join(',')}[picture]`);
  return chains.join(';');
}

/** At the lower left of its cell. */
function nameFilter({ name, cell }: Scene['seats'][number], fontPath: string | undefined): string[] {
  const { text, heightPixels } = burntName(name, cell);
  if (text === '') return [];
  const margin = Math.round(heightPixels / 2);
  return [
    [
      `drawtext=text=${quoted(text)}:expansion=none:fontsize=${heightPixels}:fontcolor=white`,
      ...(fontPath === undefined ? [] : [`fontfile=${quoted(fontPath)}`]),
      `box=1:boxcolor=black@0.5:boxborderw=${Math.round(heightPixels / 4)}`,
      `x=${cell.x + margin}:y=${cell.y + cell.height - margin}-text_h`,
    ].join(':'),
  ];
}

/**
 * A value inside of a graph: first escaped as an option's value, then as a word of the graph (ffmpeg-utils, "Quoting and
 * escaping").
 */
export function quoted(value: string): string {
  const asOption = value.replaceAll(/[\\':]/g, (char) => `\\${char}`);
  return asOption.replaceAll(/[\\'[\],;]/g, (char) => `\\${char}`);
}

function soundGraph({ scene, samples }: SceneRun): string {
  const heard = scene.inputs.flatMap((input, place) => (input.hasSound ? [{ input, place }] : []));
  const whole = `apad=whole_len=${samples},atrim=end_sample=${samples}`;
  if (heard.length === 0) return `anullsrc=r=${SOUND_RATE_HZ}:cl=stereo,atrim=end_sample=${samples}[sound]`;
  const chains = heard.map(
    ({ input, place }) =>
      `[${place}:a:0]${shift('asetpts', input)}atrim=start=0,` +
      // Gaps are filled, and what is late begins late.
      `aresample=${SOUND_RATE_HZ}:async=1:min_hard_comp=0.04:first_pts=0,` +
      `aformat=sample_fmts=flt:channel_layouts=stereo,${whole}[sound${place}]`,
  );
  const inputs = heard.map(({ place }) => `[sound${place}]`).join('');
  // As loud as each is: who speaks does not become quieter because others listen.
  return [...chains, `${inputs}amix=inputs=${heard.length}:normalize=0,${whole}[sound]`].join(';');
}

/** Zero is where the scene begins. */
function shift(filter: 'setpts' | 'asetpts', input: SceneInput): string {
  const seconds = earlierSeconds(input);
  return seconds === 0 ? '' : `${filter}=PTS-${seconds.toFixed(6)}/TB,`;
}

/** Opens one input as a scene does, and gives nothing of it but a moment: whether ffmpeg can read it at all. */
export function checkArguments(input: SceneInput, url: string): string[] {
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error', ...inputArguments(input, url)],
    ...(input.cell === undefined
      ? []
      : ['-map', '0:v:0', '-frames:v', '1', '-c:v', 'rawvideo', '-f', 'rawvideo', `pipe:${PICTURE_PIPE}`]),
    ...(input.hasSound
      ? ['-map', '0:a:0', '-frames:a', '1', '-c:a', 'pcm_f32le', '-f', 'f32le', `pipe:${SOUND_PIPE}`]
      : []),
  ];
}
