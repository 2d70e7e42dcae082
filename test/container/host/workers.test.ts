import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { RECORDINGS_PER_WORKER } from '../../../container/host/workerProcess.ts';
import { Workers } from '../../../container/host/workers.ts';
import { waitFor } from '../../support/children.ts';

const started: Workers[] = [];
afterEach(() => {
  for (const workers of started.splice(0)) workers.end();
});

function workersForTests(): Workers {
  const nothing = (): void => undefined;
  const workers = new Workers(path.join(import.meta.dirname, 'fixtures', 'worker.ts'), {
    ...{ onBegun: nothing, onEnded: nothing, onDelay: nothing },
    onGone: (worker) => workers.remove(worker),
  });
  started.push(workers);
  return workers;
}

const sizes = (workers: Workers): number[] => [...workers.all].map(({ carried }) => carried.length);
function begin(workers: Workers, count: number): void {
  for (let n = 0; n < count; n++) {
    const name = `waits ${workers.carried.length}`;
    workers.withRoom().begin({ recordingId: name, attempt: 1, runId: name });
  }
}

it('a worker that waits is there beside those that carry, and is the last to be given anything', () => {
  const workers = workersForTests();
  for (let time = 0; time < 3; time++) workers.keepSpare();
  expect(sizes(workers)).toEqual([0, 0]);
  begin(workers, 1);
  workers.keepSpare();
  expect(sizes(workers)).toEqual([1, 0]);
  begin(workers, RECORDINGS_PER_WORKER - 1);
  expect(sizes(workers)).toEqual([RECORDINGS_PER_WORKER, 0]);
  begin(workers, 2);
  workers.keepSpare();
  expect(sizes(workers)).toEqual([RECORDINGS_PER_WORKER, 2, 0]);
});

it('the next worker is there before the one that recordings are given to is full', () => {
  const workers = workersForTests();
  begin(workers, RECORDINGS_PER_WORKER / 2);
  expect(sizes(workers)).toEqual([RECORDINGS_PER_WORKER / 2]);
  begin(workers, 1);
  expect(sizes(workers)).toEqual([RECORDINGS_PER_WORKER / 2 + 1, 0]);
  begin(workers, RECORDINGS_PER_WORKER / 2);
  expect(sizes(workers)).toEqual([RECORDINGS_PER_WORKER, 1]);
});

it('what a dead worker had is taken by those that are there', async () => {
  const workers = workersForTests();
  begin(workers, RECORDINGS_PER_WORKER);
  workers.keepSpare();
  const [dead, spare] = [...workers.all];
  if (dead === undefined || spare === undefined) throw new Error('two are expected');
  dead.end();
  await waitFor('its end', () => (workers.all.has(dead) ? undefined : true));
  expect(workers.withRoom()).toBe(spare);
});
