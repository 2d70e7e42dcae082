import { GivenBack, type TakenOff } from '../timeline/takenOff.ts';
import type { Sample } from './sample.ts';

const NOTHING: readonly never[] = [];

/** Sound that was encoded as if the source's clock had not jumped, with the times that the source has said. */
export class EncodedSound {
  readonly #givenBack: GivenBack;
  /** What follows tells on which clock they are. */
  #held: readonly Sample[] = NOTHING;

  /** @param takenOff from the times that come; it grows */
  constructor(takenOff: readonly TakenOff[]) {
    this.#givenBack = new GivenBack(takenOff);
  }

  /** @returns those of which it is known when the source has sent them, in order */
  push(sample: Sample): readonly Sample[] {
    const ms = this.#givenBack.next((sample.dts * 1_000) / sample.description.timescale);
    if (ms !== undefined) return [...this.end(ms), moved(sample, ms)];
    this.#held = [...this.#held, { ...sample, data: Buffer.from(sample.data) }];
    return NOTHING;
  }

  /** Nothing more comes, or what is to be given back to those that are held is known. */
  end(ms = this.#givenBack.ms): readonly Sample[] {
    const held = this.#held;
    this.#held = NOTHING;
    return held.map((sample) => moved(sample, ms));
  }
}

const moved = (sample: Sample, ms: number): Sample =>
  ms === 0
    ? sample
    : { ...sample, dts: sample.dts + Math.round((ms * sample.description.timescale) / 1_000) };
