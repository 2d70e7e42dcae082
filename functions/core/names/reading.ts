import { encodeLiteral } from './codec.ts';
import { type ElementName, elementOf } from './elements.ts';
import type { LayoutOptions } from './layout.ts';
import type { PlainPiece } from './rules.ts';

type ReadablePiece = Exclude<PlainPiece, { kind: 'stem' }>;

/**
 * Reads a name the way a person would who knows the template: each name has exactly one reading. A name stands as
 * it is only if its reading is the values it was made of; so two sets of values that differ never share a name that
 * stands, whatever this reading prefers. What it prefers only decides which names need a hash: ids in their usual
 * shape, elements that have a value, the longest stream name, the shortest of everything else.
 *
 * The cheapest reading is found from the end of the name, piece by piece, in time linear in the name's length.
 *
 * @returns the encoded value of each element in the template's order ('' for none), or undefined: unreadable
 */
export function readName(
  template: readonly ReadablePiece[],
  name: string,
  options: LayoutOptions,
): readonly string[] | undefined {
  const columns: Column[] = [];
  let rest = endColumn(name);
  for (const piece of template.toReversed()) {
    if (piece.kind === 'literal') rest = literalColumn(piece.text, name, rest, options);
    else rest = elementColumn(piece.element, name, rest, options);
    columns.unshift(rest);
  }
  if (!Number.isFinite(rest.costs[0])) return undefined;
  const values: string[] = [];
  let at = 0;
  for (const [index, piece] of template.entries()) {
    const end = columns[index]?.ends[at] ?? at;
    if (piece.kind === 'element') values.push(name.slice(at, end));
    at = end;
  }
  return values;
}

const EMPTY_COST = 1;
const DROPPED_SEPARATOR_COST = 1;
const UNUSUAL_COST = 4;

/** For each position of the name: the cost of the best reading from there on, and where this piece ends in it. */
interface Column {
  readonly costs: readonly number[];
  readonly ends: readonly number[];
}

function endColumn(name: string): Column {
  const positions = Array.from({ length: name.length + 1 }, (_, at) => at);
  return { costs: positions.map((at) => (at === name.length ? 0 : Infinity)), ends: positions };
}

/** The best of what is offered for one position; of equal offers the first. */
class Choice {
  readonly #rest: Column;
  cost = Infinity;
  end: number;

  constructor(rest: Column, at: number) {
    this.#rest = rest;
    this.end = at;
  }

  offer(end: number, ownCost: number): void {
    const cost = ownCost + (this.#rest.costs[end] ?? Infinity);
    if (cost < this.cost) {
      this.cost = cost;
      this.end = end;
    }
  }
}

function columnOf(name: string, rest: Column, offerAll: (at: number, choice: Choice) => void): Column {
  const costs: number[] = [];
  const ends: number[] = [];
  for (let at = name.length; at >= 0; at--) {
    const choice = new Choice(rest, at);
    offerAll(at, choice);
    costs[at] = choice.cost;
    ends[at] = choice.end;
  }
  return { costs, ends };
}

/** What an element without a value may have taken along, folders too. */
const SEPARATORS = /^([-_.,:;=+~@#& /]*)(.*?)([-_.,:;=+~@#& /]*)$/s;

function literalColumn(text: string, name: string, rest: Column, options: LayoutOptions): Column {
  const [, leading = '', inner = '', trailing = ''] = SEPARATORS.exec(text) ?? [];
  const variants = [text, inner + trailing, leading + inner, inner].map((one) => encodePath(one, options));
  return columnOf(name, rest, (at, choice) => {
    for (const [index, variant] of variants.entries()) {
      if (!name.startsWith(variant, at)) continue;
      choice.offer(at + variant.length, index === 0 ? 0 : DROPPED_SEPARATOR_COST);
    }
  });
}

function encodePath(text: string, options: LayoutOptions): string {
  return text
    .split('/')
    .map((segment) => encodeLiteral(segment, options.encoding))
    .join('/');
}

function elementColumn(element: ElementName, name: string, rest: Column, options: LayoutOptions): Column {
  const { kind } = elementOf(element);
  if (kind === 'late' && options.lateAsElement) {
    const text = `{${element}}`;
    return columnOf(name, rest, (at, choice) => {
      if (name.startsWith(text, at)) choice.offer(at + text.length, 0);
    });
  }
  if (kind === 'number' || kind === 'late') return numberColumn(element, name, rest);
  return textColumn(element, name, rest);
}

const DATE_SHAPES: Partial<Record<ElementName, RegExp>> = {
  yyyy: /\d{4}/y,
  MM: /\d{2}/y,
  dd: /\d{2}/y,
  HH: /\d{2}/y,
  mm: /\d{2}/y,
  ss: /\d{2}/y,
};
const DIGITS = /\d{1,20}/y;

function numberColumn(element: ElementName, name: string, rest: Column): Column {
  const date = DATE_SHAPES[element];
  return columnOf(name, rest, (at, choice) => {
    const longest = matchEnd(date ?? DIGITS, name, at);
    const shortest = date === undefined ? at + 1 : longest;
    for (let end = longest; end >= shortest && end > at; end--) choice.offer(end, 0);
    choice.offer(at, EMPTY_COST);
  });
}

/** Ids as they usually look, with the cost of believing so. */
const USUAL_SHAPES: Partial<Record<ElementName, readonly (readonly [RegExp, number])[]>> = {
  recordingId: [[/[0-9A-Z]{26}/y, 0]],
  mediaSessionId: [
    // A UUID, or the beginning of one as in WCS's manual: 5a072377-73c1-4caf-abd3.
    [/[0-9a-f]{8}(?:-[0-9a-f]{4}){2,3}(?:-[0-9a-f]{12})?(?![\p{L}\p{N}])/iuy, 0],
    // A word, then pieces of hexadecimal digits: session-1.
    [/[\p{L}\p{N}]+(?:-[0-9a-f]+(?![\p{L}\p{N}]))*/iuy, 1],
  ],
};

function textColumn(element: ElementName, name: string, rest: Column): Column {
  const shapes = USUAL_SHAPES[element] ?? [];
  const anyCost = shapes.length === 0 ? 0 : UNUSUAL_COST;
  const prefersLongest = element === 'streamName';
  // The best end behind the current position, in the same folder; grows with each step to the left.
  let best = { end: -1, cost: Infinity };
  return columnOf(name, rest, (at, choice) => {
    if (name[at] === '/') best = { end: -1, cost: Infinity };
    else if (at < name.length) {
      const cost = rest.costs[at + 1] ?? Infinity;
      if (cost < best.cost || (cost === best.cost && !prefersLongest)) best = { end: at + 1, cost };
    }
    if (name[at] !== '/') {
      for (const [shape, cost] of shapes) {
        const end = matchEnd(shape, name, at);
        if (end > at) choice.offer(end, cost);
      }
      if (best.end > at) choice.offer(best.end, anyCost);
    }
    choice.offer(at, shapes.length === 0 ? EMPTY_COST : UNUSUAL_COST);
  });
}

/** Where a sticky expression's match ends, or `at` if there is none. */
function matchEnd(shape: RegExp, name: string, at: number): number {
  shape.lastIndex = at;
  const match = shape.exec(name);
  return at + (match?.[0].length ?? 0);
}
