import { nameMaxBytes, utf8Bytes } from './codec.ts';
import { Cuttable } from './cut.ts';
import { partNumber } from './elements.ts';
import { markOf } from './mark.ts';
import type { NameRules } from './rules.ts';

/**
 * Another key for a record whose key is taken by something else: the recording's id and the part's number before
 * the extension. The same record always gets the same one, and no other record gets it.
 */
export function collisionKey(key: string, recordingId: string, part: number, rules: NameRules): string {
  const { folders, name } = split(key);
  const dot = name.lastIndexOf('.');
  const extension = dot < 0 ? '' : name.slice(dot);
  const number = `_${partNumber(part)}`;
  const stem = dot < 0 ? name : name.slice(0, dot);
  const plainStem = stem.endsWith(number) ? stem.slice(0, -number.length) : stem;
  const suffix = `-${recordingId}${number}${extension}`;
  const free = folders + plainStem + suffix;
  if (fits(free, rules)) return free;
  const ending = markOf(key) + suffix;
  // Where the folders leave less room than the ending needs, the last of them give way too.
  const path = split(cut(folders + plainStem, rules.keyMaxBytes - utf8Bytes(ending)));
  const maxBytes = nameMaxBytes(path.name + ending, rules.fileNameMaxBytes);
  return path.folders + cut(path.name, maxBytes - utf8Bytes(ending)) + ending;
}

const cut = (text: string, maxBytes: number): string => Cuttable.fixed(text).cut(maxBytes);

function split(key: string): { readonly folders: string; readonly name: string } {
  const nameAt = key.lastIndexOf('/') + 1;
  return { folders: key.slice(0, nameAt), name: key.slice(nameAt) };
}

function fits(key: string, rules: NameRules): boolean {
  const { name } = split(key);
  return utf8Bytes(name) <= nameMaxBytes(name, rules.fileNameMaxBytes) && utf8Bytes(key) <= rules.keyMaxBytes;
}
