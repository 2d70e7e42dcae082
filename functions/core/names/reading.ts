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
    rest =
      piece.kind === 'literal'
        ? literalColumn(piece.text, name, rest, options)
        : elementColumn(piece.element, name, rest, options);
    columns.unshift(rest);
  }
  const values: string[] = [];
  let at = 0;
  let besideEmpty = false;
  for (const [index, piece] of template.entries()) {
    const column = columns[index];
    const step: Step | undefined = (besideEmpty ? column?.besideEmpty : column?.plain)?.[at];
    if (step === undefined || !Number.isFinite(step.cost)) return undefined;
    if (piece.kind === 'element') values.push(name.slice(at, step.end));
    at = step.end;
    besideEmpty = step.besideEmpty;
  }
  return values;
}

const EMPTY_COST = 1;
const UNUSUAL_COST = 4;

/** How a piece is read from one position on in the best reading of the rest of the name. */
interface Step {
  cost: number;
  end: number;
  /** How the next piece is to be read. */
  besideEmpty: boolean;
}

/**
 * A step for each position of the name. `besideEmpty` is how a literal is read after an element without a value
 * (its first separators may be missing), and an element after a literal whose last separators are missing (it must
 * be without a value).
 */
interface Column {
  readonly plain: readonly Step[];
  readonly besideEmpty: readonly Step[];
  readonly isElement: boolean;
  /** Only elements follow up to the end of the folder or file name. */
  readonly endsSegment: boolean;
}

function endColumn(name: string): Column {
  const steps = Array.from({ length: name.length + 1 }, (_, at) => ({
    cost: at === name.length ? 0 : Infinity,
    end: at,
    besideEmpty: false,
  }));
  return { plain: steps, besideEmpty: steps, isElement: false, endsSegment: true };
}

type Offer = (end: number, ownCost: number, besideEmpty?: boolean) => void;

/** Of all that is offered for a position the cheapest is taken; of equals the first. */
function stepsOf(name: string, rest: Column, offerAll: (at: number, offer: Offer) => void): Step[] {
  const steps: Step[] = [];
  for (let at = name.length; at >= 0; at--) {
    const best: Step = { cost: Infinity, end: at, besideEmpty: false };
    offerAll(at, (end, ownCost, besideEmpty = false) => {
      const cost = ownCost + ((besideEmpty ? rest.besideEmpty : rest.plain)[end]?.cost ?? Infinity);
      if (cost < best.cost) Object.assign(best, { cost, end, besideEmpty });
    });
    steps[at] = best;
  }
  return steps;
}

/** Separators, which an element without a value may have taken along; folders too. */
const SEPARATORS = /^([-_.,:;=+~@#& /]*)(.*?)([-_.,:;=+~@#& /]*)$/s;

function literalColumn(text: string, name: string, rest: Column, options: LayoutOptions): Column {
  const [, leading = '', inner = '', trailing = ''] = SEPARATORS.exec(text) ?? [];
  const whole = encodePath(text, options);
  const headless = encodePath(inner + trailing, options);
  const tailless = encodePath(inner === '' ? '' : leading + inner, options);
  const bare = encodePath(inner, options);
  // Separators before something empty stay, unless there is nothing more for them to separate.
  const canLoseTail = rest.isElement && rest.endsSegment;
  const plain = stepsOf(name, rest, (at, offer) => {
    if (name.startsWith(whole, at)) offer(at + whole.length, 0);
    if (canLoseTail && name.startsWith(tailless, at)) offer(at + tailless.length, 0, true);
  });
  const besideEmpty = stepsOf(name, rest, (at, offer) => {
    if (name.startsWith(whole, at)) offer(at + whole.length, 0);
    if (name.startsWith(headless, at)) offer(at + headless.length, 0);
    if (canLoseTail && name.startsWith(bare, at)) offer(at + bare.length, 0, true);
  });
  return { plain, besideEmpty, isElement: false, endsSegment: text.startsWith('/') };
}

function encodePath(text: string, options: LayoutOptions): string {
  return text
    .split('/')
    .map((segment) => encodeLiteral(segment, options.encoding))
    .join('/');
}

function elementColumn(element: ElementName, name: string, rest: Column, options: LayoutOptions): Column {
  const { kind } = elementOf(element);
  const lateText = kind === 'late' && options.lateAsElement ? `{${element}}` : undefined;
  const emptyCost = OFTEN_MISSING.has(element) ? EMPTY_COST : UNUSUAL_COST;
  const offerValue =
    lateText !== undefined
      ? lateValue(lateText, name)
      : kind === 'number' || kind === 'late'
        ? numberValue(element, name)
        : textValue(element, name, rest);
  const plain = stepsOf(name, rest, (at, offer) => {
    offerValue(at, offer);
    if (lateText === undefined) offer(at, emptyCost, !rest.isElement);
  });
  const besideEmpty = stepsOf(name, rest, (at, offer) => offer(at, emptyCost, true));
  return { plain, besideEmpty, isElement: true, endsSegment: rest.endsSegment };
}

const OFTEN_MISSING: ReadonlySet<ElementName> = new Set([
  'login',
  'appKey',
  'sessionId',
  'audioCodec',
  'videoCodec',
]);

type OfferValue = (at: number, offer: Offer) => void;

function lateValue(text: string, name: string): OfferValue {
  return (at, offer) => {
    if (name.startsWith(text, at)) offer(at + text.length, 0);
  };
}

const DATE_DIGITS: Partial<Record<ElementName, number>> = { yyyy: 4, MM: 2, dd: 2, HH: 2, mm: 2, ss: 2 };
const TIME_DIGITS = 20;

function numberValue(element: ElementName, name: string): OfferValue {
  const exact = DATE_DIGITS[element];
  const digits = element === 'part' ? /[a-m]?\d+/y : /\d+/y;
  return (at, offer) => {
    const most = Math.min(matchEnd(digits, name, at), at + (exact ?? TIME_DIGITS));
    const least = at + (exact ?? 1);
    for (let end = most; end >= least; end--) offer(end, 0);
  };
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

/** Positions must be asked for from the end of the name on: the best end so far is carried along. */
function textValue(element: ElementName, name: string, rest: Column): OfferValue {
  const shapes = USUAL_SHAPES[element] ?? [];
  const anyCost = shapes.length === 0 ? 0 : UNUSUAL_COST;
  const prefersLongest = element === 'streamName';
  const none = { end: -1, cost: Infinity };
  let best = none;
  return (at, offer) => {
    if (name[at] === '/') best = none;
    if (at === name.length || name[at] === '/') return;
    const cost = rest.plain[at + 1]?.cost ?? Infinity;
    if (cost < best.cost || (cost === best.cost && !prefersLongest)) best = { end: at + 1, cost };
    for (const [shape, shapeCost] of shapes) {
      const end = matchEnd(shape, name, at);
      if (end > at) offer(end, shapeCost);
    }
    if (best.end > at) offer(best.end, anyCost);
  };
}

/** Where a sticky expression's match ends, or `at` if there is none. */
function matchEnd(shape: RegExp, name: string, at: number): number {
  shape.lastIndex = at;
  const match = shape.exec(name);
  return at + (match?.[0].length ?? 0);
}
