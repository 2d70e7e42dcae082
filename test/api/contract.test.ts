import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../functions/core/api/operations.ts';
import { waitFor } from '../support/children.ts';
import { CODE_POINT } from '../support/codePoint.ts';
import { contractRequests } from './contractRequests.ts';
import { type CallOptions, TestApi } from './support.ts';

const secret = 'contract-secret';
let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({
    streamHooks: JSON.stringify({
      secretsSha256: [createHash('sha256').update(secret).digest('hex')],
      sources: { '*': 'rtmp://media.example/{app}/{streamName}' },
    }),
  });
});
afterAll(() => api?.close());

const seenOf = (id: string) =>
  new Set(
    api.seen.filter(({ operation }) => operation.id === id).map(({ status, code }) => code ?? String(status)),
  );

interface Shown {
  readonly status?: string;
  readonly reason?: { readonly code: string };
  readonly waiting?: { readonly for: string };
}

describe('every operation gives every answer that its document promises', () => {
  const requests = contractRequests(() => api, secret);
  const post = (route: string, body?: unknown, more: CallOptions = {}) =>
    api.call('POST', route, { ...(body === undefined ? {} : { body }), ...more });

  it('asks them all', () => {
    const asked = Object.keys(requests).flatMap((ids) => ids.split(' '));
    expect(asked.sort()).toEqual(OPERATIONS.map(({ id }) => id).sort());
  });

  it.each(Object.keys(requests))('%s', async (ids) => {
    await requests[ids]?.();
    for (const id of ids.split(' ')) {
      const operation = OPERATIONS.find((one) => one.id === id);
      // These need many starts, and more parts than there is time for: other tests have them.
      const others = ['session_busy', 'too_many_recordings', ...(id === 'deleteRecording' ? ['202'] : [])];
      const promised = [...Object.keys(operation?.answers ?? {}), ...(operation?.errors ?? [])].filter(
        (answer) => !others.includes(answer),
      );
      expect([...seenOf(id)].sort(), id).toEqual(promised.sort());
    }
  });

  it('no refusal, when ECS has no capacity: the recording waits, and says for what', async () => {
    await api.publish('no-capacity');
    const { capacity } = api.runtime.simulation;
    capacity.FARGATE.freeTasks = 0;
    const { status, body } = await post('/recordings', { mediaSessionId: 'no-capacity' });
    expect(status).toBe(201);
    const { recordingId } = body as { readonly recordingId: string };
    const seen = (what: string, is: (found: Shown) => boolean) =>
      waitFor(what, async () => {
        const found = (await api.call('GET', `/recordings/${recordingId}`)).body as Shown;
        return is(found) ? found : undefined;
      });
    const waits = await seen('a refusal', ({ waiting }) => waiting?.for === 'capacity');
    expect(waits).toMatchObject({ status: 'starting', waiting: { reason: 'RESOURCE:FARGATE' } });
    capacity.FARGATE.freeTasks = Number.POSITIVE_INFINITY;
    // Tasks never leave PROVISIONING here.
    await seen('a task', ({ status, waiting }) => status === 'starting' && waiting?.for === 'task');
  });
});

describe('fuzz', () => {
  const names = [
    'mediaSessionId',
    'config',
    'rotation',
    'format',
    'tags',
    'fileTemplate',
    'libraryKey',
    'sourceUrl',
    'streamName',
    'name',
    'status',
    'eventAtMs',
    'app',
    'action',
    'stream',
    'event',
    'call',
    'request',
    'url',
    '__proto__',
    'constructor',
    'toString',
  ];
  const leaf = fc.oneof(
    fc.string({ unit: CODE_POINT, maxLength: 40 }),
    fc.constantFrom(
      '',
      'm1',
      'fuzz',
      '20M',
      'h264-mp4',
      '{streamName}',
      '{',
      '../..',
      'rtmp://h/x',
      'publish',
      'on_publish',
      'PUBLISHING',
      '\u0000',
      '\ud800',
      'x'.repeat(2_000),
    ),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      tie('object'),
    ),
    object: fc
      .array(fc.tuple(fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 8 })), tie('value')), {
        maxLength: 5,
      })
      // Text, so that a field may be called __proto__.
      .map((entries) =>
        Object.defineProperties(
          {},
          Object.fromEntries(
            entries.map(([key, one]) => [key, { value: one, enumerable: true, configurable: true }]),
          ),
        ),
      ),
  }));
  const text = fc.oneof(
    value.map((one) => JSON.stringify(one)),
    fc.string({ unit: CODE_POINT, maxLength: 60 }),
    fc.webQueryParameters(),
    fc
      .array(fc.tuple(fc.constantFrom(...names), fc.string({ maxLength: 8 })), { maxLength: 5 })
      .map((pairs) => new URLSearchParams(pairs).toString()),
  );
  const piece = fc.oneof(
    fc.constantFrom(
      'm1',
      'fuzz',
      '..',
      '01ARZ3NDEKTSV4RRFFQ69G5FAV',
      'nginx-rtmp',
      'srs',
      'ome',
      'stream',
      'publishStream',
      'StreamStatusEvent',
    ),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
  );
  const query = fc.array(
    fc.tuple(
      fc.constantFrom('status', 'stream', 'from', 'to', 'limit', 'nextToken', 'records', 'name', 'other'),
      fc.oneof(
        fc.string({ maxLength: 12 }),
        fc.constantFrom('1', '2026-01-01', 'true', 'starting', 'c3RhdGUvaW5kZXgv'),
      ),
    ),
    { maxLength: 3 },
  );

  it('of every operation is answered as documented, and never with 5xx', async () => {
    await api.publish('fuzz');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...OPERATIONS.map(({ method, path }) => ({ method, path }))),
        fc.array(piece, { minLength: 3, maxLength: 3 }),
        query,
        text,
        fc.constantFrom(undefined, 'k', '\u00e9', '"x"'),
        async (operation, pieces, pairs, sent, header) => {
          const rest = [...pieces];
          const path = operation.path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) =>
            name === 'secret' ? secret : encodeURIComponent((rest.pop() ?? 'x').toWellFormed()),
          );
          const search = new URLSearchParams(pairs).toString();
          const answer = await api.call(operation.method, `${path}${search === '' ? '' : `?${search}`}`, {
            ...(operation.method === 'GET' || operation.method === 'DELETE' ? {} : { text: sent }),
            headers: header === undefined ? {} : { 'idempotency-key': header, 'if-none-match': header },
          });
          expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(500);
        },
      ),
      { numRuns: 200, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
    );
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  }, 180_000);
});
