import { expect, it } from 'vitest';
import { stepped } from '../../../clients/web/keys.ts';

it.each([
  [-1, 'j', 3, 0],
  [0, 'j', 3, 1],
  [2, 'j', 3, 2],
  [1, 'k', 3, 0],
  [0, 'k', 3, 0],
  [-1, 'k', 3, 0],
  [1, 'x', 3, 1],
  [-1, 'j', 0, -1],
])('from %i by %s of %i: %i', (at, key, count, next) => {
  expect(stepped(at, key, count)).toBe(next);
});
