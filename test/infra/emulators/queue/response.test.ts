import { expect, it } from 'vitest';
import { failedMessages } from '../../../../infra/emulators/queue/response.ts';

it.each([
  ['nothing', null, []],
  ['no list', {}, []],
  ['an empty list', { batchItemFailures: [] }, []],
  ['a null list', { batchItemFailures: null }, []],
  ['one', { batchItemFailures: [{ itemIdentifier: 'b' }] }, ['b']],
  ['an unknown id', { batchItemFailures: [{ itemIdentifier: 'x' }] }, ['a', 'b']],
  ['an empty id', { batchItemFailures: [{ itemIdentifier: '' }] }, ['a', 'b']],
  ['an element without an id', { batchItemFailures: [{}] }, ['a', 'b']],
  ['a text', 'done', ['a', 'b']],
])('a response that names %s', (_name, response, failed) => {
  expect([...failedMessages(response, ['a', 'b'])]).toEqual(failed);
});
