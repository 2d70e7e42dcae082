/** A value of AMF 0 (Action Message Format, 2007). What has no place here (dates, XML) is read as null. */
export type AmfValue = number | boolean | string | null | AmfObject | readonly AmfValue[];
export type AmfObject = ReadonlyMap<string, AmfValue>;

const MARKER = {
  number: 0,
  boolean: 1,
  string: 2,
  object: 3,
  null: 5,
  undefined: 6,
  reference: 7,
  ecmaArray: 8,
  objectEnd: 9,
  strictArray: 10,
  date: 11,
  longString: 12,
  unsupported: 13,
  xml: 15,
  typedObject: 16,
} as const;
const OBJECT_END = Buffer.of(0, 0, MARKER.objectEnd);
/** Deeper ones are not looked into. */
const DEPTH_MAX = 16;
const SHORT_MAX_BYTES = 0xffff;

export const amfObject = (fields: Readonly<Record<string, AmfValue>>): AmfObject =>
  new Map(Object.entries(fields));

export const encodeAmf0 = (values: readonly AmfValue[]): Buffer => Buffer.concat(values.map(encoded));

function encoded(value: AmfValue): Buffer {
  if (value === null) return Buffer.of(MARKER.null);
  if (typeof value === 'boolean') return Buffer.of(MARKER.boolean, value ? 1 : 0);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (typeof value === 'string') return encodedString(value);
  if (value instanceof Map) {
    const fields = [...(value as AmfObject)].flatMap(([name, of]) => [short(Buffer.from(name)), encoded(of)]);
    return Buffer.concat([Buffer.of(MARKER.object), ...fields, OBJECT_END]);
  }
  const items = value as readonly AmfValue[];
  return Buffer.concat([Buffer.of(MARKER.strictArray), uint32(items.length), ...items.map(encoded)]);
}

function encodedString(text: string): Buffer {
  const bytes = Buffer.from(text);
  return bytes.length <= SHORT_MAX_BYTES
    ? Buffer.concat([Buffer.of(MARKER.string), short(bytes)])
    : Buffer.concat([Buffer.of(MARKER.longString), uint32(bytes.length), bytes]);
}

const short = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes]);

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** The values in front of the first one that cannot be read. */
export function decodeAmf0(bytes: Buffer): AmfValue[] {
  const reader = new Reader(bytes);
  const values: AmfValue[] = [];
  try {
    while (!reader.isOver) values.push(reader.value(0));
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
  }
  return values;
}

class UnreadableError extends Error {}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isOver(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** @throws UnreadableError */
  value(depth: number): AmfValue {
    if (depth > DEPTH_MAX) throw new UnreadableError();
    switch (this.#take(1)[0]) {
      case MARKER.number:
        return this.#take(8).readDoubleBE();
      case MARKER.boolean:
        return this.#take(1)[0] !== 0;
      case MARKER.string:
        return this.#text(2);
      case MARKER.longString:
        return this.#text(4);
      case MARKER.xml:
        this.#text(4);
        return null;
      case MARKER.null:
      case MARKER.undefined:
      case MARKER.unsupported:
        return null;
      case MARKER.reference:
        this.#take(2);
        return null;
      case MARKER.date:
        this.#take(10);
        return null;
      case MARKER.object:
        return this.#fields(depth);
      case MARKER.typedObject:
        this.#text(2);
        return this.#fields(depth);
      case MARKER.ecmaArray:
        // Its number of fields is a guess of whoever wrote it.
        this.#take(4);
        return this.#fields(depth);
      case MARKER.strictArray:
        return this.#items(depth);
      default:
        throw new UnreadableError();
    }
  }

  #fields(depth: number): AmfObject {
    const fields = new Map<string, AmfValue>();
    for (;;) {
      const name = this.#text(2);
      if (name === '' && this.#bytes[this.#at] === MARKER.objectEnd) {
        this.#at += 1;
        return fields;
      }
      fields.set(name, this.value(depth + 1));
    }
  }

  #items(depth: number): AmfValue[] {
    const count = this.#take(4).readUInt32BE();
    // Each has a byte at least.
    if (count > this.#bytes.length - this.#at) throw new UnreadableError();
    return Array.from({ length: count }, () => this.value(depth + 1));
  }

  #text(sizeBytes: 2 | 4): string {
    return this.#take(this.#take(sizeBytes).readUIntBE(0, sizeBytes)).toString('utf8');
  }

  #take(bytes: number): Buffer {
    if (bytes > this.#bytes.length - this.#at) throw new UnreadableError();
    this.#at += bytes;
    return this.#bytes.subarray(this.#at - bytes, this.#at);
  }
}
