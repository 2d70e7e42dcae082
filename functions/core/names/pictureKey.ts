import { partNumber } from './elements.ts';
import { keyPieces, withEnding } from './ending.ts';
import type { NameRules } from './rules.ts';

/** What lies beside a record: `name.mp4` has `name.poster.jpg`, `name.storyboard.jpg` and `name.storyboard.vtt`. */
export const PICTURE_ENDINGS = {
  poster: '.poster.jpg',
  sprite: '.storyboard.jpg',
  storyboard: '.storyboard.vtt',
} as const;
export type PictureKind = keyof typeof PICTURE_ENDINGS;

/**
 * The keys that a record's picture may have, the first that is free: beside the record, whose name it has; where
 * another object has that (the picture of `name.webm`), with the recording's id and the part's number.
 * @param key of the record, as it lies in the library
 */
export function pictureKeys(
  key: string,
  kind: PictureKind,
  { recordingId, part }: { readonly recordingId: string; readonly part: number },
  rules: NameRules,
): readonly [string, string] {
  const ending = PICTURE_ENDINGS[kind];
  const pieces = keyPieces(key);
  return [
    withEnding(key, pieces, ending, rules),
    withEnding(key, pieces, `-${recordingId}_${partNumber(part)}${ending}`, rules),
  ];
}
