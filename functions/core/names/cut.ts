import { encodeEach, type NameEncoding, utf8Bytes } from './codec.ts';

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** No limit of ours is longer, and a character takes a byte or more: no cut looks further than this. */
const HEAD_UNITS = 2048;

/** The beginning of a value: whole grapheme clusters, at most so many code points. */
export function cutChars(value: string, maxChars: number): string {
  if (value.length <= maxChars) return value;
  let kept = '';
  let chars = 0;
  for (const { segment } of segmenter.segment(value)) {
    chars += [...segment].length;
    if (chars > maxChars) break;
    kept += segment;
  }
  return kept;
}

/** Encoded text that can be cut, between grapheme clusters of the value it stands for and never inside an escape. */
export class Cuttable {
  readonly text: string;
  readonly bytes: number;
  readonly #findClusters: () => readonly string[];
  #clusters: readonly string[] | undefined;

  private constructor(text: string, findClusters: () => readonly string[]) {
    this.text = text;
    this.bytes = utf8Bytes(text);
    this.#findClusters = findClusters;
  }

  /** A normalised value, encoded. */
  static ofValue(value: string, encoding: NameEncoding): Cuttable {
    return new Cuttable(encodeEach(value, encoding).join(''), () => valueClusters(value, encoding));
  }

  /** Text that is encoded already: an escape is one cluster. */
  static fixed(text: string): Cuttable {
    return new Cuttable(text, () => textClusters(text));
  }

  /** The longest beginning that has at most `maxBytes`. */
  cut(maxBytes: number): string {
    if (this.bytes <= maxBytes) return this.text;
    this.#clusters ??= this.#findClusters();
    let kept = '';
    let bytes = 0;
    for (const cluster of this.#clusters) {
      bytes += utf8Bytes(cluster);
      if (bytes > maxBytes) break;
      kept += cluster;
    }
    return kept;
  }
}

function valueClusters(value: string, encoding: NameEncoding): readonly string[] {
  const head = value.slice(0, HEAD_UNITS);
  const encoded = encodeEach(head, encoding);
  const clusters: string[] = [];
  let at = 0;
  for (const { segment, index } of segmenter.segment(head)) {
    // The last cluster of the head may go on in the rest of the value.
    if (head.length < value.length && index + segment.length === head.length) break;
    const next = at + [...segment].length;
    clusters.push(encoded.slice(at, next).join(''));
    at = next;
  }
  return clusters;
}

function textClusters(text: string): readonly string[] {
  const clusters: string[] = [];
  for (const { segment } of segmenter.segment(text.slice(0, HEAD_UNITS))) {
    const started = clusters.at(-1);
    if (started !== undefined && /(?:%[0-9A-F]?|\{[^}]*)$/.test(started)) {
      clusters[clusters.length - 1] = started + segment;
    } else clusters.push(segment);
  }
  return clusters;
}
