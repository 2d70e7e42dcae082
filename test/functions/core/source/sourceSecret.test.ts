import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SOURCE_RULES } from '../../../../functions/core/source/sourceRules.ts';
import { checkSourceSecret, filledUrl } from '../../../../functions/core/source/sourceSecret.ts';
import { parseSource } from '../../../../functions/core/source/sourceUrl.ts';

const rules = { ...DEFAULT_SOURCE_RULES, secrets: ['cameras/*', 'studio'] };
const URL_WITH_PLACES = 'rtsp://{username}:{password}@camera.example/1';

describe('a reference to a secret', () => {
  it.each(['cameras/lobby', 'studio'])('%s is one that the deployment may read', (sourceSecret) => {
    expect(() => checkSourceSecret({ sourceUrl: URL_WITH_PLACES, sourceSecret }, rules)).not.toThrow();
  });

  it.each([
    ['studio2', URL_WITH_PLACES, 'sourceSecret', 'it has cameras/*, studio'],
    ['cameras/*', URL_WITH_PLACES, 'sourceSecret', 'must be the name of a secret'],
    ['camera lobby', URL_WITH_PLACES, 'sourceSecret', 'must be the name of a secret'],
    ['studio', undefined, 'sourceSecret', 'goes with sourceUrl'],
    ['studio', 'rtsp://u:p@camera.example/1', 'sourceUrl', "must say where the secret's values go"],
  ])('%s with %s is refused', (sourceSecret, sourceUrl, field, message) => {
    expect(() => checkSourceSecret({ sourceUrl, sourceSecret }, rules)).toThrow(
      expect.objectContaining({ field, message: expect.stringContaining(message) }),
    );
  });

  it('is refused where the deployment names none', () => {
    expect(() =>
      checkSourceSecret({ sourceUrl: URL_WITH_PLACES, sourceSecret: 'studio' }, DEFAULT_SOURCE_RULES),
    ).toThrow('see sourceSecrets; it has none');
  });
});

describe('a filled URL', () => {
  it('has the values where their places were, whatever is in them, and the same host', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (username, password) => {
        const url = filledUrl(URL_WITH_PLACES, { username, password, other: 'x' }) ?? '';
        const source = parseSource(url, 'url');
        expect([source.host, source.rest]).toEqual(['camera.example', '/1']);
        expect(source.userinfo?.split(':').map(decodeURIComponent)).toEqual([username, password]);
      }),
    );
  });

  it('is none where the secret lacks a value', () => {
    expect(filledUrl(URL_WITH_PLACES, { username: 'u' })).toBeUndefined();
    expect(filledUrl('rtsp://{toString}@h/', {})).toBeUndefined();
  });

  it('can have a place wherever a server wants its secret', () => {
    expect(filledUrl('srt://h.example:9000?passphrase={key}', { key: 'a&b' })).toBe(
      'srt://h.example:9000?passphrase=a%26b',
    );
    expect(() => parseSource('rtsp://{host}/1', 'url')).toThrow('must have a host name');
  });
});
