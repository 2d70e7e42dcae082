import { encodeLiteral, encodeName, type NameEncoding } from './codec.ts';
import { Cuttable, cutChars } from './cut.ts';
import {
  type ElementKind,
  type ElementName,
  elementOf,
  isElementName,
  LATE_BYTES,
  type NameValues,
} from './elements.ts';
import type { PlainPiece } from './rules.ts';

/** One piece of a name: what is trimmed first has the lowest rank. */
export interface NamePiece {
  /** Absent: the template's own text. */
  readonly element?: ElementName | 'fileName';
  readonly content: Cuttable;
  readonly rank: 0 | 1 | 2;
  /** The whole value, normalised; as it is encoded; and whether the element's maximum size cuts it. */
  readonly value: string;
  readonly whole: string;
  readonly isCut: boolean;
  /** Bytes that are kept free for what is not known yet. */
  readonly reservedBytes: number;
}

/** Folders and the file name last, each a run of pieces; what is empty is left out. */
export type Segment = readonly NamePiece[];

const RANKS: Readonly<Record<ElementKind, NamePiece['rank']>> = { text: 0, id: 2, number: 2, late: 2 };
const LITERAL_RANK = 1;
const STEM_RANK = 2;

/** Runs of these at the edges of a template's text are what stands between two elements. */
const LEADING_SEPARATORS = /^[-_.,:;=+~@#& ]+/;
const TRAILING_SEPARATORS = /[-_.,:;=+~@#& ]+$/;

type Raw = { readonly literal: string } | { readonly piece: NamePiece };

export interface Layout {
  readonly segments: readonly Segment[];
  /** Every element of the template in its order, those without a value too. */
  readonly elements: readonly NamePiece[];
}

export interface LayoutOptions {
  readonly encoding: NameEncoding;
  /** What is known only when the part has ended stands as `{endTime}`. */
  readonly lateAsElement: boolean;
}

/**
 * Puts values into a template. An element without a value takes one of the separators around it along; a folder
 * without a name is left out; a file without a name gets the recording's id.
 */
export function layOut(template: readonly PlainPiece[], values: NameValues, options: LayoutOptions): Layout {
  const elements: NamePiece[] = [];
  const raw: Raw[][] = [[]];
  for (const piece of template) {
    if (piece.kind !== 'literal') {
      const filled =
        piece.kind === 'stem' ? stemPiece(piece.stem, values) : elementPiece(piece.element, values, options);
      elements.push(filled);
      raw.at(-1)?.push({ piece: filled });
      continue;
    }
    for (const [index, literal] of piece.text.split('/').entries()) {
      if (index > 0) raw.push([]);
      if (literal !== '') raw.at(-1)?.push({ literal });
    }
  }
  const segments = raw.map((segment) => withoutEmpty(segment, options.encoding));
  const file = segments.pop() ?? [];
  const named = file.length > 0 ? file : [elementPiece('recordingId', values, options)];
  return { segments: [...segments.filter((folder) => folder.length > 0), named], elements };
}

function elementPiece(element: ElementName, values: NameValues, options: LayoutOptions): NamePiece {
  const { kind, maxChars, read } = elementOf(element);
  const rank = RANKS[kind];
  if (kind === 'late' && options.lateAsElement) {
    return uncutPiece({ element, rank, text: `{${element}}`, value: '', minBytes: LATE_BYTES });
  }
  const value = read(values);
  if (kind === 'late' || kind === 'number') {
    // The same room before and after the end is known, so that both names are trimmed at the same place.
    const minBytes = kind === 'late' && value !== '' ? LATE_BYTES : 0;
    return uncutPiece({ element, rank, text: value, value, minBytes });
  }
  const kept = maxChars === undefined ? value : cutChars(value, maxChars);
  const isCut = kept !== value;
  const content = Cuttable.ofValue(kept, options.encoding);
  const whole = isCut ? encodeName(value, options.encoding) : content.text;
  return { element, content, rank, value, whole, isCut, reservedBytes: 0 };
}

/** A name that is there already: encoded, with `{endTime}` and its like in it. */
function stemPiece(stem: string, values: NameValues): NamePiece {
  const text = stem.replaceAll(/\{([A-Za-z]+)\}/g, (braces, name: string) =>
    isElementName(name) && elementOf(name).kind === 'late' ? elementOf(name).read(values) : braces,
  );
  return uncutPiece({ element: 'fileName', rank: STEM_RANK, text, value: text, minBytes: 0 });
}

interface UncutPiece extends Pick<NamePiece, 'element' | 'rank' | 'value'> {
  readonly text: string;
  readonly minBytes: number;
}

function uncutPiece({ text, minBytes, ...piece }: UncutPiece): NamePiece {
  const content = Cuttable.fixed(text);
  return {
    ...piece,
    content,
    whole: text,
    isCut: false,
    reservedBytes: Math.max(0, minBytes - content.bytes),
  };
}

function withoutEmpty(segment: readonly Raw[], encoding: NameEncoding): NamePiece[] {
  const kept: NamePiece[] = [];
  let pending = '';
  // Separators around something empty: those that stood before it, waiting for what comes next.
  let gap: string | undefined;
  for (const item of segment) {
    if ('literal' in item) {
      if (gap === undefined) {
        pending += item.literal;
        continue;
      }
      const after = LEADING_SEPARATORS.exec(item.literal)?.[0] ?? '';
      const rest = item.literal.slice(after.length);
      const isStart = kept.length === 0 && pending === '';
      gap = isStart ? '' : gap === '' ? after : gap;
      if (rest === '') continue;
      pending += gap + rest;
      gap = undefined;
    } else if (item.piece.value === '' && item.piece.content.text === '') {
      if (gap !== undefined) continue;
      gap = TRAILING_SEPARATORS.exec(pending)?.[0] ?? '';
      pending = pending.slice(0, pending.length - gap.length);
    } else {
      kept.push(...literalPiece(pending + (gap ?? ''), encoding), item.piece);
      pending = '';
      gap = undefined;
    }
  }
  return [...kept, ...literalPiece(pending, encoding)];
}

function literalPiece(text: string, encoding: NameEncoding): NamePiece[] {
  if (text === '') return [];
  const encoded = encodeLiteral(text, encoding);
  return [uncutPiece({ rank: LITERAL_RANK, text: encoded, value: text, minBytes: 0 })];
}
