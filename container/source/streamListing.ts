import type { QuarterTurn } from '../../functions/core/media/tracks/sample.ts';
import type {
  FoundKind,
  FoundProgram,
  FoundSource,
  FoundStream,
} from '../../functions/core/settings/selectTracks.ts';
import type { SourceAccess } from './reach/sourceAccess.ts';

/**
 * ffmpeg's line for a stream. What a source says of itself (titles, names of programmes) stands further in, so none of it
 * can be taken for one.
 */
const STREAM =
  /^ {2}Stream #(\d+):(\d+)(?:\[0x[0-9a-f]+\])?(?:\(([^)]*)\))?: (Video|Audio|Subtitle|Data|Attachment|Unknown): ([a-z0-9_]+)(.*)$/;
const PROGRAM = /^ {2}Program \d+/;
const NO_PROGRAM = /^ {2}No Program/;
/** An HLS variant's. */
const VARIANT_BITRATE = /^ {4,}variant_bitrate *: (\d+)$/;
const TITLE = /^ {4,}title *: (.*)$/;
const TITLE_MAX_CHARS = 128;
/** How a picture is to be turned, counterclockwise: 5.1 and 7.1 name the matrix alike, later ones with a blank. */
const DISPLAY_MATRIX = /^ {4,}display ?matrix: rotation of (-?\d{1,3})\.\d+ degrees/i;
/**
 * The source has announced it, and nothing of it has come that says what it is: ffmpeg says so in place of a size or of
 * channels, and cannot write it anywhere.
 */
const UNKNOWN = /, (?:0 channels|none)(?:,|$)/;
/** ffmpeg lists as many as it is sent; of what is beyond nobody would choose. */
const STREAMS_MAX = 4_096;

const KINDS: Readonly<Record<string, FoundKind>> = {
  Video: 'video',
  Audio: 'audio',
  Subtitle: 'subtitle',
  Data: 'data',
  Attachment: 'attachment',
  Unknown: 'data',
};

interface Program extends FoundProgram {
  readonly streams: number[];
  bitrateBps?: number;
}

/** Which of ffmpeg's inputs sound comes from: those that have it alone have no programmes, nor has the first one then. */
export type SoundInputs = Pick<SourceAccess, 'hasSoundInside' | 'others'>;

/** Streams and programmes of ffmpeg's inputs, read line by line from where it has begun to list them. */
export class StreamListing implements FoundSource {
  readonly #streams = new Map<number, FoundStream>();
  readonly #programs: Program[] = [];
  #program: Program | undefined;
  readonly #sounds: SoundInputs;
  /** Inputs whose sound has been listed. */
  readonly #heard = new Set<number>();
  #lastIndex: number | undefined;

  constructor(sounds: SoundInputs = { hasSoundInside: true, others: [] }) {
    this.#sounds = sounds;
  }

  get streams(): readonly FoundStream[] {
    return [...this.#streams.values()].sort((one, other) => one.index - other.index);
  }

  get programs(): readonly FoundProgram[] {
    return this.#sounds.others.length === 0 ? this.#programs : [];
  }

  get hasSoundApart(): boolean {
    return this.#sounds.others.length > 0;
  }

  read(line: string): void {
    if (PROGRAM.test(line) || NO_PROGRAM.test(line)) {
      this.#lastIndex = undefined;
      this.#program = NO_PROGRAM.test(line) ? undefined : { streams: [] };
      if (this.#program !== undefined && this.#programs.length < STREAMS_MAX)
        this.#programs.push(this.#program);
      return;
    }
    const [, input, digits, language, kind = '', codec = '', rest = ''] = STREAM.exec(line) ?? [];
    if (digits !== undefined) {
      if (!this.#isWanted(Number(input), kind)) return;
      const said = this.#sounds.others[Number(input) - 1]?.language ?? language;
      this.#add(Number(digits) + STREAMS_MAX * Number(input), KINDS[kind] ?? 'data', codec, said, rest);
      return;
    }
    const bitrate = VARIANT_BITRATE.exec(line)?.[1];
    if (bitrate !== undefined && this.#program !== undefined) this.#program.bitrateBps = Number(bitrate);
    const title = TITLE.exec(line)?.[1];
    const known = this.#lastIndex === undefined ? undefined : this.#streams.get(this.#lastIndex);
    const turned = DISPLAY_MATRIX.exec(line)?.[1];
    if (turned !== undefined && known !== undefined)
      this.#streams.set(known.index, { ...known, ...turnOf(Number(turned)) });
    if (title !== undefined && known !== undefined)
      this.#streams.set(known.index, { ...known, title: title.slice(0, TITLE_MAX_CHARS) });
  }

  /** Of several inputs each has one sound, and the first one all else. */
  #isWanted(input: number, kind: string): boolean {
    const { hasSoundInside, others } = this.#sounds;
    if (kind !== 'Audio') return input === 0;
    if (others.length === 0) return true;
    if (this.#heard.has(input) || (input === 0 && !hasSoundInside)) return false;
    this.#heard.add(input);
    return true;
  }

  #add(index: number, kind: FoundKind, codec: string, language: string | undefined, rest: string): void {
    this.#lastIndex = index;
    this.#program?.streams.push(index);
    // A stream of several programmes is listed with each.
    if (this.#streams.has(index) || this.#streams.size >= STREAMS_MAX) return;
    const rate = /(\d+) Hz/.exec(rest)?.[1];
    const [, width, height] = kind === 'video' ? (/, (\d{1,5})x(\d{1,5})\b/.exec(rest) ?? []) : [];
    const isPicture = /\((attached pic|timed thumbnails|still image)\)/.test(rest);
    this.#streams.set(index, {
      index,
      kind,
      codec,
      ...(rate === undefined ? {} : { sampleRateHz: Number(rate) }),
      ...(width === undefined ? {} : { width: Number(width), height: Number(height) }),
      ...(language === undefined || language === 'und' ? {} : { language }),
      ...(/\(default\)/.test(rest) ? { isDefault: true } : {}),
      ...(isPicture ? { isPicture } : {}),
      ...(UNKNOWN.test(rest) ? { isUnknown: true } : {}),
    });
  }
}

/** @param degrees counterclockwise */
function turnOf(degrees: number): { readonly turn?: QuarterTurn } {
  const clockwise = (((-degrees % 360) + 360) % 360) as QuarterTurn;
  return [90, 180, 270].includes(clockwise) ? { turn: clockwise } : {};
}
