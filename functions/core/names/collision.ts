import { utf8Bytes } from './codec.ts';
import { Cuttable } from './cut.ts';
import { partNumber } from './elements.ts';
import { markOf } from './mark.ts';
import type { NameRules } from './rules.ts';

/**
 * Another key for a record whose key is taken by something else: the recording's id and the part's number before
 * the extension. The same record always gets the same one, and no other record gets it.
 */
export function collisionKey(key: string, recordingId: string, part: number, rules: NameRules): string {
  const nameAt = key.lastIndexOf('/') + 1;
  const folders = key.slice(0, nameAt);
  const name = key.slice(nameAt);
  const dot = name.lastIndexOf('.');
  const extension = dot < 0 ? '' : name.slice(dot);
  const number = `_${partNumber(part)}`;
  const stem = dot < 0 ? name : name.slice(0, dot);
  const plainStem = stem.endsWith(number) ? stem.slice(0, -number.length) : stem;
  const suffix = `-${recordingId}${number}${extension}`;
  const free = folders + plainStem + suffix;
  if (fits(free, rules)) return free;
  const ending = markOf(key) + suffix;
  const endingBytes = utf8Bytes(ending);
  const cutName = Cuttable.fixed(plainStem).cut(rules.fileNameMaxBytes - endingBytes);
  // Where folders leave less room than the suffix needs, the last of them gives way too.
  return Cuttable.fixed(folders + cutName).cut(rules.keyMaxBytes - endingBytes) + ending;
}

function fits(key: string, rules: NameRules): boolean {
  const name = key.slice(key.lastIndexOf('/') + 1);
  return utf8Bytes(name) <= rules.fileNameMaxBytes && utf8Bytes(key) <= rules.keyMaxBytes;
}
