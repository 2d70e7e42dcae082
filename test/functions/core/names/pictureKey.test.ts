import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_NAME_RULES } from '../../../../functions/core/names/index.ts';
import {
  PICTURE_ENDINGS,
  type PictureKind,
  pictureKeys,
} from '../../../../functions/core/names/pictureKey.ts';

const KINDS = Object.keys(PICTURE_ENDINGS) as PictureKind[];
const PLACE = { recordingId: '01J9ZQ0000ABCDEFGHJKMNPQRS', part: 3 };

describe('the keys of pictures', () => {
  it('are beside the record, with its name', () => {
    expect(KINDS.map((kind) => pictureKeys('a/b.c/cam 1_003.mp4', kind, PLACE, DEFAULT_NAME_RULES))).toEqual([
      ['a/b.c/cam 1_003.poster.jpg', `a/b.c/cam 1_003-${PLACE.recordingId}_003.poster.jpg`],
      ['a/b.c/cam 1_003.storyboard.jpg', `a/b.c/cam 1_003-${PLACE.recordingId}_003.storyboard.jpg`],
      ['a/b.c/cam 1_003.storyboard.vtt', `a/b.c/cam 1_003-${PLACE.recordingId}_003.storyboard.vtt`],
    ]);
  });

  it('keep all limits, each kind its ending, and differ where their records do', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'ß', '東', '👩‍🚀'), minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(
        fc.array(name, { maxLength: 3 }),
        fc.uniqueArray(name, { minLength: 2, maxLength: 2 }),
        fc.integer({ min: 64, max: 255 }),
        fc.integer({ min: 128, max: 1024 }),
        (folders, names, fileNameMaxBytes, keyMaxBytes) => {
          const rules = { ...DEFAULT_NAME_RULES, fileNameMaxBytes, keyMaxBytes };
          const keysOf = (stem: string) =>
            KINDS.flatMap((kind) => pictureKeys([...folders, `${stem}.mp4`].join('/'), kind, PLACE, rules));
          const keys = names.flatMap(keysOf);
          for (const key of keys) {
            expect(Buffer.byteLength(key)).toBeLessThanOrEqual(keyMaxBytes);
            expect(Buffer.byteLength(key.split('/').at(-1) ?? '')).toBeLessThanOrEqual(fileNameMaxBytes);
            expect(key).toMatch(/\.(poster\.jpg|storyboard\.jpg|storyboard\.vtt)$/);
          }
          expect(new Set(keys).size).toBe(keys.length);
        },
      ),
    );
  });
});
