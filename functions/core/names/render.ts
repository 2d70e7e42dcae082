import { utf8Bytes } from './codec.ts';
import { type ElementName, type NameValues, partNumber } from './elements.ts';
import { type FitOptions, fitKey, protectedKey, untrimmedKey } from './fit.ts';
import { type Layout, type LayoutOptions, layOut, type NamePiece } from './layout.ts';
import { LONGEST_EXTENSION_BYTES, LONGEST_TAIL_BYTES } from './limits.ts';
import { looksMarked, markOfPieces } from './mark.ts';
import { readName } from './reading.ts';
import type { NameRules, PlainTemplate } from './rules.ts';

export interface TrimmedElement {
  /** `fileName` is the landing's name where it is not one that the template makes; `text` the template's own. */
  readonly element: ElementName | 'fileName' | 'text';
  /** UTF-8 bytes of the whole value as it is encoded, and of what was kept. */
  readonly fromBytes: number;
  readonly toBytes: number;
  /** Cut to the element's documented maximum size, or to the limits of file name and key. */
  readonly why: 'element' | 'limit';
}

export interface EncodedElement {
  /** `text` is the template's own. */
  readonly element: ElementName | 'text';
  readonly value: string;
  readonly text: string;
}

/** A name of a record, in the shape that the API, the record's metadata and its event use. */
export interface NameResult {
  readonly name: string;
  /** Nothing trimmed. */
  readonly whole: string;
  readonly trimmed: boolean;
  readonly trimmedElements: readonly TrimmedElement[];
  /** Something is encoded: a value, or a first or last character that would make the name a special one. */
  readonly encoded: boolean;
  readonly encodedElements: readonly EncodedElement[];
  /**
   * Why the name ends in a short hash of its values: something was trimmed, or other values would make the same name
   * (`{streamName}-{login}` of "a-b", "c" and of "a", "b-c"). Absent: it does not.
   */
  readonly hashed?: 'trimmed' | 'ambiguous';
}

export interface RenderOptions {
  readonly extension: string;
  readonly lateAsElement: boolean;
  readonly keyMaxBytes: number;
}

/** Values into a template, within the limits; ends in a hash where the name alone would not tell the values. */
export function render(
  template: PlainTemplate,
  values: NameValues,
  rules: NameRules,
  options: RenderOptions,
): NameResult {
  const { encoding, fileNameMaxBytes } = rules;
  const layoutOptions = { encoding, lateAsElement: options.lateAsElement };
  const layout = layOut(template.pieces, values, layoutOptions);
  const isNumbered = template.numbered && (values.rotated || values.part > 1);
  const tail = `${isNumbered ? `_${partNumber(values.part)}` : ''}.${options.extension}`;
  const isReadable = (): boolean =>
    !layout.elements.some((piece) => piece.isCut) && readsBack(template, layout, layoutOptions);
  const { key, isClear, trimmedElements } = fitLayout(layout, isReadable, {
    encoding,
    segmentMaxBytes: fileNameMaxBytes,
    keyMaxBytes: options.keyMaxBytes,
    tail,
    tailRoomBytes: tailRoomBytes(template),
  });
  const encodedElements = encodedPieces(layout);
  const wholeTexts = layout.segments.map((segment) => segment.map((piece) => piece.whole).join(''));
  const whole = protectedKey(wholeTexts, { encoding, tail });
  const trimmed = trimmedElements.length > 0;
  return {
    name: key,
    whole,
    trimmed,
    trimmedElements,
    encoded: encodedElements.length > 0 || whole !== wholeTexts.join('/') + tail,
    encodedElements,
    ...(isClear ? {} : { hashed: trimmed ? 'trimmed' : 'ambiguous' }),
  };
}

interface Trimmed {
  readonly key: string;
  /** It says all of its values, and no hash ends it. */
  readonly isClear: boolean;
  readonly trimmedElements: readonly TrimmedElement[];
}

function fitLayout({ segments, elements }: Layout, isReadable: () => boolean, options: FitOptions): Trimmed {
  const untrimmed = untrimmedKey(segments, options);
  const isClear = untrimmed.fits && isReadable();
  const { key, keptBytes } = isClear ? untrimmed : fitKey(segments, markOfPieces(elements), options);
  const trimmedElements = segments.flatMap((segment, index) =>
    segment.flatMap((piece, at) => trimmedElement(piece, keptBytes[index]?.[at])),
  );
  return { key, isClear, trimmedElements };
}

/** Kept free for part number and extension, whichever part it is: so all parts are trimmed at the same place. */
function tailRoomBytes({ pieces, numbered }: PlainTemplate): number {
  // A name that was given has its number, and stays as it is.
  if (pieces.some((piece) => piece.kind === 'stem')) return 0;
  return numbered ? LONGEST_TAIL_BYTES : LONGEST_EXTENSION_BYTES;
}

/** Whether whoever knows the template reads these values, and no others, in the name without a hash. */
function readsBack(template: PlainTemplate, layout: Layout, options: LayoutOptions): boolean {
  const body = layout.segments
    .map((segment) => segment.map((piece) => piece.content.text).join(''))
    .join('/');
  const pieces = template.pieces.filter((piece) => piece.kind !== 'stem');
  // A name that was given is not ours to read, nor to change.
  if (pieces.length < template.pieces.length) return true;
  if (looksMarked(body)) return false;
  const read = readName(pieces, body, options);
  return read !== undefined && layout.elements.every((piece, index) => read[index] === piece.content.text);
}

function trimmedElement(piece: NamePiece, toBytes: number | undefined): TrimmedElement[] {
  const fromBytes = utf8Bytes(piece.whole);
  if (toBytes === undefined || toBytes === fromBytes) return [];
  const why = toBytes === piece.content.bytes ? 'element' : 'limit';
  return [{ element: piece.element ?? 'text', fromBytes, toBytes, why }];
}

function encodedPieces(layout: Layout): EncodedElement[] {
  const found = new Map<string, EncodedElement>();
  for (const { element = 'text', value, whole } of layout.segments.flat()) {
    // What the landing's name already holds was encoded when it was made.
    if (element === 'fileName' || value === '' || value === whole) continue;
    found.set(`${element} ${value}`, { element, value, text: whole });
  }
  return [...found.values()];
}
