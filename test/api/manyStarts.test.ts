import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitFor } from '../support/children.ts';
import { TestApi } from './support.ts';

const COUNT = 12;
/** Of `Rate exceeded`, as ECS words it. */
const THROTTLED = /^ThrottlingException: /;

interface Waiting {
  readonly for: string;
  readonly since: string;
  readonly reason?: string;
}

let api: TestApi;
beforeAll(async () => {
  // Nobody takes anything here: hosts are tasks as well, and never leave PROVISIONING. So there is no room.
  api = await TestApi.start({ hosts: 2, promptEnvironments: 2 });
});
afterAll(() => api.close());

it('many starts at once without room are all taken, and each recording says since when it waits, and for what', async () => {
  const { simulation } = api.runtime;
  const usual = simulation.runTaskRate;
  simulation.runTaskRate = { burst: 0, perSecond: 0 };
  const names = Array.from({ length: COUNT }, (_, i) => `many-${i}`);
  for (const name of names) await api.publish(name);
  const beganAtMs = Date.now();
  const answers = await Promise.all(
    names.map((mediaSessionId) => api.call('POST', '/recordings', { body: { mediaSessionId } })),
  );
  const answeredAtMs = Date.now();
  expect(answers.map(({ status }) => status)).toEqual(names.map(() => 201));
  const ids = answers.map(({ body }) => String(body.recordingId));
  expect(new Set(ids).size).toBe(COUNT);

  // Hosts have been asked, and have three seconds.
  const asked = await shown(ids, (one) => one.for === 'recorder' || one.for === 'capacity');
  for (const { since } of asked) expect(Date.parse(since)).toBeGreaterThanOrEqual(beganAtMs);

  const refused = await shown(ids, (one) => one.for === 'capacity');
  for (const { since, reason } of refused) {
    expect(reason).toMatch(THROTTLED);
    // It was asked for first before its start was answered, however often it was refused since.
    expect(Date.parse(since)).toBeLessThanOrEqual(answeredAtMs);
  }

  const roomAtMs = Date.now();
  simulation.runTaskRate = usual;
  const launched = await shown(ids, (one) => one.for === 'task');
  for (const { since, reason } of launched) {
    expect(Date.parse(since)).toBeGreaterThanOrEqual(roomAtMs);
    expect(reason).toBeUndefined();
  }
  expect(api.runtime.runningRecordings().toSorted()).toEqual(ids.toSorted());
}, 240_000);

/**
 * What each recording says that it waits for, once that is so; all of them are `starting` at every look. One is asked after
 * the other: who asked for all at once would take the CPU that they wait for.
 */
async function shown(ids: readonly string[], is: (waiting: Waiting) => boolean): Promise<Waiting[]> {
  const found: Waiting[] = [];
  for (const id of ids) {
    found.push(
      await waitFor(
        `what ${id} waits for`,
        async () => {
          const { status, body } = await api.call('GET', `/recordings/${id}`);
          expect({ status, recording: body.status }).toEqual({ status: 200, recording: 'starting' });
          const waiting = body.waiting as Waiting;
          expect(Date.parse(waiting.since)).not.toBeNaN();
          return is(waiting) ? waiting : undefined;
        },
        { everyMs: 500, timeoutMs: 100_000 },
      ),
    );
  }
  return found;
}
