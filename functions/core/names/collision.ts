import { utf8Bytes } from './codec.ts';
import { partNumber } from './elements.ts';
import { type KeyPieces, keyPieces, withEnding } from './ending.ts';
import { LONGEST_TAIL_BYTES } from './limits.ts';
import type { NameRules } from './rules.ts';

/** Which file of which recording a name is of. */
export interface PartPlace {
  readonly recordingId: string;
  readonly part: number;
  /** Rotation is on: every part carries its number. */
  readonly rotated: boolean;
}

/** What all parts of a recording have in common of their keys, and what follows: its part number is in neither. */
export function sharedPieces(key: string, { part, rotated }: Omit<PartPlace, 'recordingId'>): KeyPieces {
  const pieces = keyPieces(key);
  const number = `_${partNumber(part)}`;
  const isNumbered = (rotated || part > 1) && pieces.stem.endsWith(number);
  return isNumbered ? { ...pieces, stem: pieces.stem.slice(0, -number.length) } : pieces;
}

/**
 * Another key for a record whose key is taken by something else: the recording's id and the part's number before
 * the extension. The same record always gets the same one, and no other record gets it; those of one recording differ
 * in the part's number and the extension alone.
 */
export function collisionKey(key: string, place: PartPlace, rules: NameRules): string {
  const { folders, stem, extension } = sharedPieces(key, place);
  const id = `-${place.recordingId}`;
  return withEnding(
    folders + stem,
    { folders, stem },
    `${id}_${partNumber(place.part)}${extension}`,
    rules,
    utf8Bytes(id) + LONGEST_TAIL_BYTES,
  );
}
