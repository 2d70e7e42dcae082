import { nameMaxBytes, utf8Bytes } from './codec.ts';
import { Cuttable } from './cut.ts';
import { MARK_BYTES, markOf } from './mark.ts';
import type { NameRules } from './rules.ts';

/** A key of the library: its folders, with their slash, its name without extension, and that with its dot. */
export interface KeyPieces {
  readonly folders: string;
  readonly stem: string;
  readonly extension: string;
}

export function keyPieces(key: string): KeyPieces {
  const { folders, name } = split(key);
  const dot = name.lastIndexOf('.');
  return {
    folders,
    stem: dot < 0 ? name : name.slice(0, dot),
    extension: dot < 0 ? '' : name.slice(dot),
  };
}

/**
 * A key with another ending, within the limits: where there is no room for it, what is before it gives way and a mark of
 * the whole key tells it apart.
 * @param roomBytes that the ending may take: of its kind the longest, where all of them are to give way alike
 */
export function withEnding(
  key: string,
  { folders, stem }: Pick<KeyPieces, 'folders' | 'stem'>,
  suffix: string,
  rules: NameRules,
  roomBytes: number = utf8Bytes(suffix),
): string {
  const endingBytes = Math.max(roomBytes, utf8Bytes(suffix));
  const free = folders + stem + suffix;
  if (fits(free, endingBytes - utf8Bytes(suffix), rules)) return free;
  const ending = markOf(key) + suffix;
  const keptBytes = MARK_BYTES + endingBytes;
  // Where the folders leave less room than the ending needs, the last of them give way too.
  const path = split(cut(folders + stem, rules.keyMaxBytes - keptBytes));
  const maxBytes = nameMaxBytes(path.name + ending, rules.fileNameMaxBytes);
  return path.folders + cut(path.name, maxBytes - keptBytes) + ending;
}

const cut = (text: string, maxBytes: number): string => Cuttable.fixed(text).cut(maxBytes);

function split(key: string): { readonly folders: string; readonly name: string } {
  const nameAt = key.lastIndexOf('/') + 1;
  return { folders: key.slice(0, nameAt), name: key.slice(nameAt) };
}

function fits(key: string, moreBytes: number, rules: NameRules): boolean {
  const { name } = split(key);
  return (
    utf8Bytes(name) + moreBytes <= nameMaxBytes(name, rules.fileNameMaxBytes) &&
    utf8Bytes(key) + moreBytes <= rules.keyMaxBytes
  );
}
