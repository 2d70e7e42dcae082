/** What the codec's parameters look like, as far as ffmpeg tells. */
interface Fingerprint {
  readonly bytes: number;
  /** ffmpeg 5.1 does not give one for parameters that come later. */
  readonly checksum: string | undefined;
}

/** Less is side data of another kind: MPEG-TS gives each packet its stream's id. */
const PARAMETERS_MIN_BYTES = 7;

/**
 * Notices that a video's codec parameters change in the middle (a WebRTC publisher that changes its resolution), which
 * ffmpeg's muxers do not write down: what follows would be broken. Reads the packet list of ffmpeg's framecrc output,
 * where new parameters are side data of the packet that they begin with.
 */
export class ParameterChanges {
  #videoStream: string | undefined;
  #tickMs = 1;
  #first: Fingerprint | undefined;
  readonly #onChange: (atMs: number) => void;
  readonly #ignoresRepeats: boolean;

  /**
   * @param onChange told once, when the first packet with other parameters is shown, in ms of ffmpeg's timeline
   * @param ignoresRepeats the source is known to repeat its parameters: of the same length they are taken for the same
   */
  constructor(onChange: (atMs: number) => void, ignoresRepeats: boolean) {
    this.#onChange = onChange;
    this.#ignoresRepeats = ignoresRepeats;
  }

  /** Of the parameters that this run began with; undefined before they are known, or without video. */
  get fingerprint(): string | undefined {
    return this.#first === undefined ? undefined : `${this.#first.bytes} ${this.#first.checksum}`;
  }

  readonly #extradata = new Map<string, Fingerprint>();

  read(line: string): void {
    if (line.startsWith('#')) {
      this.#readHeader(line);
      return;
    }
    // stream, dts, pts, duration, size, checksum, S=1, [name,] bytes [, checksum]
    const fields = line.split(',').map((field) => field.trim());
    const at = fields.findIndex((field) => field.startsWith('S='));
    if (at === -1 || fields[0] !== this.#videoStream || this.#first === undefined) return;
    const numbers = fields.slice(at + 1).filter((field) => /^(\d+|0x[0-9a-f]+)$/.test(field));
    const now = { bytes: Number(numbers[0]), checksum: numbers[1] };
    if (now.bytes < PARAMETERS_MIN_BYTES) return;
    if (this.#isSame(this.#first, now)) return;
    this.#onChange(Number(fields[2]) * this.#tickMs);
  }

  #isSame(first: Fingerprint, now: Fingerprint): boolean {
    if (first.bytes !== now.bytes) return false;
    return now.checksum === undefined ? this.#ignoresRepeats : now.checksum === first.checksum;
  }

  #readHeader(line: string): void {
    const [, name = '', stream = '', value = ''] = /^#(\w+) (\d+):\s*(.*)$/.exec(line) ?? [];
    if (name === 'extradata') {
      const [bytes = '0', checksum] = value.split(',').map((field) => field.trim());
      this.#extradata.set(stream, { bytes: Number(bytes), checksum });
    } else if (name === 'media_type' && value === 'video') {
      this.#videoStream = stream;
      this.#first = this.#extradata.get(stream);
    } else if (name === 'tb' && this.#videoStream === undefined) {
      const [numerator = '1', denominator = '1000'] = value.split('/');
      this.#tickMs = (1000 * Number(numerator)) / Number(denominator);
    }
  }
}
