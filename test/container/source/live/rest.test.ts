import { expect, it } from 'vitest';
import { Rest } from '../../../../container/source/live/rest.ts';

const FOR_EVER_MS = 2 ** 30;

it('is over when its time is, is cut short by its signal, and is not taken any more afterwards', async () => {
  const ending = new AbortController();
  const rest = new Rest(ending.signal);
  await expect(rest.for(1)).resolves.toBeUndefined();
  const resting = rest.for(FOR_EVER_MS);
  ending.abort();
  await resting;
  await rest.for(FOR_EVER_MS);
});
