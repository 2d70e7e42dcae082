/** What the codec's parameters look like, as far as ffmpeg tells. */
interface Fingerprint {
  readonly bytes: number;
  /** ffmpeg 5.1 does not give one for parameters that come later. */
  readonly checksum: string | undefined;
}

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
    // stream, dts, pts, duration, size, checksum, S=n, and n times: [name,] bytes [, checksum]
    const fields = line.split(',').map((field) => field.trim());
    const at = fields.findIndex((field) => field.startsWith('S='));
    if (at === -1 || fields[0] !== this.#videoStream || this.#first === undefined) return;
    const now = newParameters(fields.slice(at + 1));
    if (now === undefined || this.#isSame(this.#first, now)) return;
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

/**
 * Other side data, by its size: MPEG-TS's packets say which stream they are of in one byte, and RTSP's when they were
 * made in sixteen. No parameters of a codec that ffmpeg 5.1 takes over RTMP are as short.
 */
const isParametersSize = (bytes: number): boolean => bytes >= 7 && bytes !== 16;

/** The side data that is new parameters. ffmpeg 5.1 gives sizes, but no names. */
function newParameters(fields: readonly string[]): Fingerprint | undefined {
  let name: string | undefined;
  for (const [i, field] of fields.entries()) {
    if (/^0x[0-9a-f]+$/.test(field)) continue;
    if (!/^\d+$/.test(field)) {
      name = field;
      continue;
    }
    const bytes = Number(field);
    if (name === undefined ? isParametersSize(bytes) : /new extradata/i.test(name)) {
      const next = fields[i + 1] ?? '';
      return { bytes, checksum: next.startsWith('0x') ? next : undefined };
    }
    name = undefined;
  }
  return undefined;
}
