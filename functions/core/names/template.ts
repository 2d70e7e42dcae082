import { RecorderError } from '../api/errors.ts';
import { ELEMENTS, type ElementName, isElementName } from './elements.ts';

export type TemplateField = 'fileTemplate' | 'libraryKeyTemplate';

/** One piece of a template: its own text, or an element. `{fileName}` is the file template's pieces. */
export type TemplatePiece =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'element'; readonly element: ElementName }
  | { readonly kind: 'fileName' };

export type TemplateFault =
  | 'unknown_element'
  | 'unbalanced_brace'
  | 'no_element'
  | 'folder_in_file_name'
  | 'bad_folder'
  | 'too_long';

/** A template that cannot be used. `position` counts characters from 1. */
export class NameTemplateError extends RecorderError {
  readonly fault: TemplateFault;
  readonly position: number;
  override readonly field: TemplateField;

  constructor(fault: TemplateFault, field: TemplateField, position: number, message: string) {
    super('invalid_request', `${field}, position ${position}: ${message}`, { field });
    this.fault = fault;
    this.position = position;
    this.field = field;
  }
}

/**
 * Reads a template.
 * @throws NameTemplateError unknown element, unbalanced brace, no element, or `/` where it cannot be
 */
export function parseTemplate(template: string, field: TemplateField): readonly TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  let at = 0;
  while (at < template.length) {
    const brace = template.slice(at).search(/[{}]/);
    const end = brace < 0 ? template.length : at + brace;
    if (end > at) pieces.push({ kind: 'literal', text: template.slice(at, end) });
    if (brace < 0) break;
    const close = template.indexOf('}', end);
    const inside = template.slice(end + 1, close);
    if (template[end] === '}' || close < 0 || inside.includes('{')) {
      const brace = template[end] === '}' ? 'this } closes nothing' : 'this { is not closed';
      throw new NameTemplateError('unbalanced_brace', field, end + 1, brace);
    }
    pieces.push(elementPiece(inside, field, end + 1));
    at = close + 1;
  }
  if (!pieces.some((piece) => piece.kind !== 'literal')) {
    const example = field === 'fileTemplate' ? '{streamName}' : '{fileName}';
    throw new NameTemplateError(
      'no_element',
      field,
      1,
      `there is no element in it, so all records would have one name; add one such as ${example}`,
    );
  }
  checkFolders(template, field);
  return pieces;
}

function elementPiece(name: string, field: TemplateField, position: number): TemplatePiece {
  if (isElementName(name)) return { kind: 'element', element: name };
  const known = Object.keys(ELEMENTS);
  if (field === 'libraryKeyTemplate') {
    if (name === 'fileName') return { kind: 'fileName' };
    known.push('fileName');
  }
  const message = `unknown element {${name}}; the nearest known one is {${nearest(name, known)}}`;
  throw new NameTemplateError('unknown_element', field, position, message);
}

function checkFolders(template: string, field: TemplateField): void {
  const slash = template.indexOf('/');
  if (field === 'fileTemplate' && slash >= 0) {
    const message = 'a file name has no folders; put them into libraryKeyTemplate';
    throw new NameTemplateError('folder_in_file_name', field, slash + 1, message);
  }
  let position = 1;
  for (const segment of template.split('/')) {
    if (/^\.*$/.test(segment)) {
      const message = segment === '' ? 'a folder or file without a name' : `"${segment}" is not a name`;
      throw new NameTemplateError('bad_folder', field, position, message);
    }
    position += segment.length + 1;
  }
}

function nearest(name: string, known: readonly string[]): string {
  let best = { name: '', distance: Number.POSITIVE_INFINITY };
  for (const candidate of known) {
    const distance = editDistance(name.slice(0, 64).toLowerCase(), candidate.toLowerCase());
    if (distance < best.distance) best = { name: candidate, distance };
  }
  return best.name;
}

/** Levenshtein's: characters put in, left out or changed. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, char] of [...from].entries()) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const change = (row[j] ?? 0) + (char === to[j] ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
