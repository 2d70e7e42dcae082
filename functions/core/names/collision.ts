import { partNumber } from './elements.ts';
import { keyPieces, withEnding } from './ending.ts';
import type { NameRules } from './rules.ts';

/**
 * Another key for a record whose key is taken by something else: the recording's id and the part's number before
 * the extension. The same record always gets the same one, and no other record gets it.
 */
export function collisionKey(key: string, recordingId: string, part: number, rules: NameRules): string {
  const { folders, stem, extension } = keyPieces(key);
  const number = `_${partNumber(part)}`;
  const plainStem = stem.endsWith(number) ? stem.slice(0, -number.length) : stem;
  return withEnding(key, { folders, stem: plainStem }, `-${recordingId}${number}${extension}`, rules);
}
