import type { StateStore } from '../aws/stateStore.ts';
import type { LiveItem } from '../core/playback/liveItems.ts';
import { partKey, partsPrefix } from '../core/state/keys.ts';
import { type OpenPart, openPartSchema } from '../core/state/partObjects.ts';

/** Of those that the journal does not say the number of, so many of the newest are looked at. */
const LOOKED_AT = 20;

/** The parts of one recording, as they were opened. What was read once stays as it is. */
export class OpenParts {
  readonly #store: StateStore;
  readonly #recordingId: string;
  readonly #opens = new Map<number, OpenPart>();
  readonly #parts = new Map<string, number>();

  constructor(store: StateStore, recordingId: string) {
    this.#store = store;
    this.#recordingId = recordingId;
  }

  /** The part that a segment is of; undefined where it is not opened yet. */
  async of({
    attempt,
    file,
    part,
  }: Pick<LiveItem, 'attempt' | 'file' | 'part'>): Promise<OpenPart | undefined> {
    const name = nameOf(attempt, file);
    const number = part ?? this.#parts.get(name);
    if (number !== undefined) return this.#read(number);
    await this.#lookFor(name);
    const found = this.#parts.get(name);
    return found === undefined ? undefined : this.#read(found);
  }

  /** The recording's first one. */
  first(): Promise<OpenPart | undefined> {
    return this.#read(1);
  }

  /** A part's first segment is in the journal before its number is. */
  async #lookFor(name: string): Promise<void> {
    const keys = await this.#store.list(partsPrefix(this.#recordingId));
    const numbers = keys.flatMap((key) => {
      const [, digits] = /\/parts\/([1-9]\d*)\/open\.json$/.exec(key) ?? [];
      return digits === undefined ? [] : [Number(digits)];
    });
    const unknown = numbers.sort((one, other) => other - one).filter((number) => !this.#opens.has(number));
    for (const number of unknown.slice(0, LOOKED_AT)) {
      await this.#read(number);
      if (this.#parts.has(name)) return;
    }
  }

  async #read(part: number): Promise<OpenPart | undefined> {
    const known = this.#opens.get(part);
    if (known !== undefined) return known;
    const open = await this.#store.read(partKey(this.#recordingId, part, 'open'), openPartSchema);
    if (open === undefined) return undefined;
    this.#opens.set(part, open.value);
    if (open.value.file !== undefined) this.#parts.set(nameOf(open.value.attempt, open.value.file), part);
    return open.value;
  }
}

const nameOf = (attempt: number, file: number): string => `${attempt}/${file}`;
