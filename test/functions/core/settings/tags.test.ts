import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../../../functions/core/api/recordingConfig.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import { checkTags, encodeTags, TAGS_ENCODED_MAX_BYTES } from '../../../../functions/core/settings/tags.ts';

const LIMITS = { maxConcurrentRecordings: 10, maxDurationMs: 3_600_000 };

describe('tags', () => {
  it('are refused exactly where S3 would be sent too much of them', () => {
    const tags = fc.dictionary(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 128 }),
      fc.string({ unit: 'grapheme', maxLength: 256 }),
      { maxKeys: 12 },
    );
    fc.assert(
      fc.property(tags, (some) => {
        const isTaken = Object.keys(some).length <= 10 && encodeTags(some).length <= TAGS_ENCODED_MAX_BYTES;
        if (isTaken) expect(() => checkTags(some)).not.toThrow();
        else expect(() => checkTags(some)).toThrow(/^tags must have at most/);
      }),
    );
  });

  it('of a start and of the deployment are counted together, and named as the caller does', () => {
    const defaults = { ...DEFAULT_SETTINGS, tags: { a: 'ж'.repeat(150), b: 'ж'.repeat(150) } };
    expect(settingsOf({ tags: { c: 'x' } }, defaults, LIMITS).tags).toHaveProperty('c');
    expect(() => settingsOf({ tags: { c: 'ж'.repeat(100) } }, defaults, LIMITS)).toThrow(
      expect.objectContaining({ code: 'invalid_request', field: 'config.tags' }),
    );
  });

  it('of ten full values in ASCII are too many bytes, and say how many', () => {
    const full = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, 'v'.repeat(256)]));
    // Each with its name and =, and nine & between them.
    expect(() => checkTags(full)).toThrow('and have 2599');
  });
});
