import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nameOf, plainOf, streamAddress } from '../../../../infra/local/ingest/streamNames.ts';

const names = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.string({ minLength: 1 }).map((text) => `u-${text}`),
);

it('gives each name one of its own in letters that the media server takes, from which the name comes back', () => {
  fc.assert(
    fc.property(names, names, (one, other) => {
      expect(plainOf(one)).toMatch(/^[a-zA-Z0-9_-]+$/);
      expect(nameOf(plainOf(one))).toBe(one);
      expect(plainOf(plainOf(one)) === plainOf(one)).toBe(!plainOf(one).startsWith('u-'));
      if (one !== other) expect(plainOf(one)).not.toBe(plainOf(other));
    }),
  );
  expect(plainOf('camera_1-a')).toBe('camera_1-a');
});

it.each([
  ['live', 'camera', 'live', 'camera', false],
  // OBS and ffmpeg part the same address at different slashes.
  ['live', 'room/camera', 'live', 'room/camera', false],
  ['live/room', 'camera', 'live', 'room/camera', false],
  ['live', 'камера%201?record=true&x=1', 'live', 'камера 1', true],
  ['live?key=1', '100%?record=false', 'live', '100%', false],
  ['live', plainOf('a b'), 'live', 'a b', false],
])('%s and %s', (app, streamName, itsApp, name, isToBeRecorded) => {
  expect(streamAddress(app, streamName)).toEqual({ app: itsApp, name, isToBeRecorded });
});

it('says what there can be no stream of', () => {
  expect(() => streamAddress('live', '?record=true')).toThrow('has no stream name');
  expect(() => streamAddress('live', 'n'.repeat(1_000_000))).toThrow(
    'has 1000000 characters; 256 are allowed',
  );
});
