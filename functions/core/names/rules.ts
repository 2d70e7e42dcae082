import { encodeLiteral, type NameEncoding, utf8Bytes } from './codec.ts';
import { type ElementName, elementOf, LATE_BYTES, PART_DIGITS } from './elements.ts';
import { FILE_NAME_LIMIT_BYTES, KEY_LIMIT_BYTES, LONGEST_EXTENSION_BYTES } from './limits.ts';
import { MARK_BYTES } from './mark.ts';
import { NameTemplateError, parseTemplate, type TemplateField, type TemplatePiece } from './template.ts';

/** WCS's `stream_record_policy`: the file is named after the stream, or by the template. */
export type StreamRecordPolicy = 'streamName' | 'template';

/** How records are named. Limits are UTF-8 bytes. */
export interface NameRules {
  readonly policy: StreamRecordPolicy;
  /** WCS's `stream_record_policy_template`, without extension and part number. No folders. */
  readonly fileTemplate: string;
  /** The library's key, without extension. `/` makes folders. */
  readonly libraryKeyTemplate: string;
  readonly encoding: NameEncoding;
  /** A file name with part number and extension; each folder name too, for a download to a disk. */
  readonly fileNameMaxBytes: number;
  readonly keyMaxBytes: number;
}

export const DEFAULT_NAME_RULES: NameRules = {
  policy: 'template',
  fileTemplate: 'stream-{mediaSessionId}-{login}',
  libraryKeyTemplate: 'stream_records/{fileName}',
  encoding: 'percent',
  fileNameMaxBytes: FILE_NAME_LIMIT_BYTES,
  keyMaxBytes: KEY_LIMIT_BYTES,
};

/**
 * What people would choose: the stream and when its recording began, the same in all of its parts. The default of
 * `POST /recordings` and of `npm start`; WCS's callers get WCS's.
 */
export const START_TIME_FILE_TEMPLATE = '{streamName}-{yyyy}{MM}{dd}T{HH}{mm}{ss}Z';

/** A template piece where `{fileName}` has been replaced: by the file template's pieces, or by a given stem. */
export type PlainPiece =
  | Exclude<TemplatePiece, { kind: 'fileName' }>
  | { readonly kind: 'stem'; readonly stem: string };

export interface PlainTemplate {
  readonly pieces: readonly PlainPiece[];
  /** A part number may be put before the extension: neither `{part}` nor `{startTime}` tells parts apart. */
  readonly numbered: boolean;
}

export function fileTemplateOf(rules: NameRules): PlainTemplate {
  const template = rules.policy === 'streamName' ? '{streamName}' : rules.fileTemplate;
  const pieces = parseTemplate(template, 'fileTemplate').flatMap((piece) =>
    piece.kind === 'fileName' ? [] : [piece],
  );
  return { pieces, numbered: !has(pieces, 'part') && !has(pieces, 'startTime') };
}

/** @param landingStem a file name without extension that stands for `{fileName}`; its part number is in it */
export function libraryTemplateOf(rules: NameRules, landingStem?: string): PlainTemplate {
  const file = fileTemplateOf(rules);
  const outer = parseTemplate(rules.libraryKeyTemplate, 'libraryKeyTemplate');
  const stem = landingStem === undefined ? undefined : ({ kind: 'stem', stem: landingStem } as const);
  const inner: readonly PlainPiece[] = stem === undefined ? file.pieces : [stem];
  const pieces = outer.flatMap((piece) => (piece.kind === 'fileName' ? inner : [piece]));
  const holdsFileName = outer.some((piece) => piece.kind === 'fileName');
  const numbered = holdsFileName ? stem === undefined && file.numbered : !has(pieces, 'startTime');
  return { pieces, numbered: numbered && !has(pieces, 'part') };
}

function has(pieces: readonly PlainPiece[], element: ElementName): boolean {
  return pieces.some((piece) => piece.kind === 'element' && piece.element === element);
}

/** What part number and extension need in every recording: where no more is left, ids give way to longer numbers. */
function shortestTailBytes({ numbered }: PlainTemplate): number {
  return (numbered ? '_'.length + PART_DIGITS : 0) + LONGEST_EXTENSION_BYTES;
}

/**
 * Checks rules when a configuration is read, so that naming a record can never fail.
 * @throws NameTemplateError naming the template, the position and the rule
 */
export function checkNameRules(rules: NameRules): void {
  // Under the policy streamName it is not used, but whoever changes the policy should find it right.
  parseTemplate(rules.fileTemplate, 'fileTemplate');
  checkSizes(fileTemplateOf(rules), rules, 'fileTemplate');
  checkSizes(libraryTemplateOf(rules), rules, 'libraryKeyTemplate');
}

/** What is never trimmed must fit: literals, ids, times and dates at their maximum sizes, hash, number, extension. */
function checkSizes(template: PlainTemplate, rules: NameRules, field: TemplateField): void {
  const tailBytes = MARK_BYTES + shortestTailBytes(template);
  let keyBytes = tailBytes;
  let segmentBytes = 0;
  const check = (isLast: boolean): void => {
    const bytes = segmentBytes + (isLast ? tailBytes : MARK_BYTES);
    if (bytes <= rules.fileNameMaxBytes) return;
    const what = isLast ? 'a file name' : 'a folder name';
    throw tooLong(field, bytes, what, rules.fileNameMaxBytes);
  };
  for (const piece of template.pieces) {
    const [first = 0, ...folders] = fixedSizes(piece, rules.encoding);
    segmentBytes += first;
    keyBytes += first;
    for (const folder of folders) {
      check(false);
      segmentBytes = folder;
      keyBytes += MARK_BYTES + '/'.length + folder;
    }
  }
  check(true);
  if (keyBytes > rules.keyMaxBytes) throw tooLong(field, keyBytes, 'a key', rules.keyMaxBytes);
}

/** What a piece can take at most in its folder, and in each further folder that it begins, if it is not trimmed. */
function fixedSizes(piece: PlainPiece, encoding: NameEncoding): readonly number[] {
  if (piece.kind === 'stem') return [utf8Bytes(piece.stem)];
  if (piece.kind === 'literal') {
    return piece.text.split('/').map((text) => utf8Bytes(encodeLiteral(text, encoding)));
  }
  const { kind, maxChars = 0 } = elementOf(piece.element);
  if (kind === 'text') return [0];
  return [kind === 'late' ? LATE_BYTES : maxChars];
}

function tooLong(field: TemplateField, bytes: number, what: string, maxBytes: number): NameTemplateError {
  const message = `what is never trimmed in it can take ${bytes} bytes, and ${what} may have ${maxBytes}`;
  return new NameTemplateError('too_long', field, 1, message);
}
