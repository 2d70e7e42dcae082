import { ifReadable } from '../ifReadable.ts';
import { parseAacConfiguration } from './aac.ts';

/** A frame of AAC in which nothing is heard. */
export interface SilentFrame {
  readonly data: Buffer;
  /** Samples that are heard of it, at the track's own rate. */
  readonly duration: number;
}

const LOW_COMPLEXITY = 2;
const FRAME_SAMPLES = 1024;

const ELEMENT_IDS = { one: 0, pair: 1, low: 3 } as const;
/** Elements of a frame (ISO/IEC 14496-3, table 4.85) by number of channels (table 1.19). */
const ELEMENTS: ReadonlyMap<number, readonly (keyof typeof ELEMENT_IDS)[]> = new Map([
  [1, ['one']],
  [2, ['pair']],
  [3, ['one', 'pair']],
  [4, ['one', 'pair', 'one']],
  [5, ['one', 'pair', 'pair']],
  [6, ['one', 'pair', 'pair', 'low']],
  [8, ['one', 'pair', 'pair', 'pair', 'low']],
]);
const END = 7;

/**
 * @param configuration AudioSpecificConfig
 * @param timescale of the track: the rate that is heard, which band replication makes twice of what is coded
 * @returns undefined for a kind of AAC whose silence is written in another way
 */
export function silentAacFrame(configuration: Buffer, timescale: number): SilentFrame | undefined {
  const parameters = ifReadable(() => parseAacConfiguration(configuration));
  if (parameters?.coded.object !== LOW_COMPLEXITY) return undefined;
  const { coded, sampleRateHz } = parameters;
  const elements = ELEMENTS.get(coded.channels);
  if (elements === undefined) return undefined;
  const heardHz = Math.max(timescale, sampleRateHz);
  return { data: frameOf(elements), duration: Math.round((FRAME_SAMPLES * heardHz) / coded.rateHz) };
}

function frameOf(elements: readonly (keyof typeof ELEMENT_IDS)[]): Buffer {
  const bits = new BitWriter();
  const used = { one: 0, pair: 0, low: 0 };
  for (const kind of elements) {
    bits.put(ELEMENT_IDS[kind], 3).put(used[kind], 4);
    used[kind] += 1;
    if (kind !== 'pair') {
      // Global gain; one long window without a scale factor band; neither pulses, noise shaping nor gain control.
      bits
        .put(0, 8)
        .put(0, 1 + 2 + 1 + 6 + 1)
        .put(0, 3);
    } else {
      // One window for both, no mid and side; then each channel's gain, and nothing else.
      bits
        .put(1, 1)
        .put(0, 1 + 2 + 1 + 6 + 1)
        .put(0, 2);
      bits.put(0, 8 + 3).put(0, 8 + 3);
    }
  }
  return bits.put(END, 3).toBuffer();
}

class BitWriter {
  readonly #bits: number[] = [];

  put(value: number, count: number): this {
    for (let bit = count - 1; bit >= 0; bit--) this.#bits.push((value >> bit) & 1);
    return this;
  }

  /** Filled up with zeros to a whole byte. */
  toBuffer(): Buffer {
    const bytes = Buffer.alloc(Math.ceil(this.#bits.length / 8));
    for (const [at, bit] of this.#bits.entries())
      bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (bit << (7 - (at & 7)));
    return bytes;
  }
}
