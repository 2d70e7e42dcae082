import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isRoomPattern, roomOf } from '../../../../functions/core/rooms/roomOf.ts';

const PATTERNS = {
  conference: '{streamName}',
  rooms: '^(?<room>[^#]+)#',
  both: '{app}-{mediaSessionId}',
  '*': '^meeting-(?<room>\\d+)-',
};

it.each([
  ['conference', 'hall', 'hall'],
  ['rooms', 'team#alice', 'team'],
  ['rooms', 'nobody', undefined],
  ['both', 'hall', 'both-m1'],
  ['live', 'meeting-42-bob', '42'],
  ['live', 'camera', undefined],
  [undefined, 'meeting-7-x', '7'],
  // No property that every object has.
  ['constructor', 'meeting-7-x', '7'],
])('of application %s, stream %s: %s', (app, name, room) => {
  const stream = { name, mediaSessionId: 'm1', ...(app === undefined ? {} : { app }) };
  expect(roomOf(stream, PATTERNS)).toBe(room);
});

it.each([
  ['{streamName}', true],
  ['all', true],
  ['{room}', false],
  ['{streamName', false],
  ['^(?<room>.+)-', true],
  ['(?<room>[', false],
])('%s is a pattern: %s', (pattern, isOne) => {
  expect(isRoomPattern(pattern)).toBe(isOne);
});

it('is never empty, whatever the stream is called', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(...Object.keys(PATTERNS), 'x'), (name, app) => {
      const room = roomOf({ name, app, mediaSessionId: 'm' }, { ...PATTERNS, x: '(?<room>a*)' });
      expect(room).not.toBe('');
    }),
  );
});
