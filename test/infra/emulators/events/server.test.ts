import { once } from 'node:events';
import { connect } from 'node:net';
import {
  EventBridgeClient,
  ListRulesCommand,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type EventBridgeEvent,
  type EventsServer,
  startEventsServer,
} from '../../../../infra/emulators/events/server.ts';

let server: EventsServer;
let client: EventBridgeClient;
let events: { event: EventBridgeEvent; bus: string }[];
let defects: unknown[];
let onEvent: () => void | Promise<void>;

beforeEach(async () => {
  events = [];
  defects = [];
  onEvent = () => undefined;
  server = await startEventsServer({
    busNames: ['recorder', 'default'],
    now: () => new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678)),
    onEvent: (event, bus) => {
      events.push({ event, bus });
      return onEvent();
    },
    onDefect: (error) => defects.push(error),
  });
  client = new EventBridgeClient({
    endpoint: server.url,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});

afterEach(async () => {
  client.destroy();
  await server.close();
});

const entry = (more: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  EventBusName: 'recorder',
  Source: 'stream-recorder',
  DetailType: 'Record Available',
  Detail: '{"id":"r1"}',
  ...more,
});

const put = (...Entries: PutEventsRequestEntry[]) => client.send(new PutEventsCommand({ Entries }));

describe('PutEvents', () => {
  it('takes events as EventBridge hands them on', async () => {
    const answer = await put(
      entry({ Resources: ['arn:aws:s3:::library'] }),
      entry({ Time: new Date(Date.UTC(2025, 5, 1)), EventBusName: undefined, Detail: '{}' }),
    );
    expect(answer.FailedEntryCount).toBe(0);
    expect(answer.Entries?.map(({ EventId }) => EventId)).toEqual(events.map(({ event }) => event.id));
    expect(events).toEqual([
      {
        bus: 'recorder',
        event: {
          version: '0',
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          'detail-type': 'Record Available',
          source: 'stream-recorder',
          account: '000000000000',
          time: '2026-01-02T03:04:05Z',
          region: 'us-east-1',
          resources: ['arn:aws:s3:::library'],
          detail: { id: 'r1' },
        },
      },
      {
        bus: 'default',
        event: expect.objectContaining({ time: '2025-06-01T00:00:00Z', resources: [], detail: {} }),
      },
    ]);
  });

  it('knows a bus by its ARN', async () => {
    await put(entry({ EventBusName: 'arn:aws:events:us-east-1:000000000000:event-bus/recorder' }));
    expect(events.map(({ bus }) => bus)).toEqual(['recorder']);
  });

  it.each<[string, Partial<PutEventsRequestEntry>, string]>([
    ['no source', { Source: undefined }, 'InvalidArgument'],
    ['no detail type', { DetailType: '' }, 'InvalidArgument'],
    ['no detail', { Detail: undefined }, 'InvalidArgument'],
    ['a long detail type', { DetailType: 'x'.repeat(129) }, 'InvalidArgument'],
    ['AWS as its source', { Source: 'aws.s3' }, 'NotAuthorizedForSourceException'],
    ['an unknown bus', { EventBusName: 'other' }, 'InvalidArgument'],
    ['a detail that is no JSON', { Detail: '{' }, 'MalformedDetail'],
    ['a detail that is no object', { Detail: '[1]' }, 'MalformedDetail'],
  ])('refuses an entry with %s and takes the others', async (_name, more, code) => {
    const answer = await put(entry(more), entry());
    expect(answer.FailedEntryCount).toBe(1);
    expect(answer.Entries).toEqual([
      { ErrorCode: code, ErrorMessage: expect.stringMatching(/./) },
      { EventId: expect.stringMatching(/./) },
    ]);
    expect(events).toHaveLength(1);
  });

  it.each([
    ['no entry', []],
    ['11 entries', Array.from({ length: 11 }, () => entry())],
    ['no usable entry', [entry({ Source: undefined }), entry({ Detail: undefined })]],
    ['1 MB and more', [entry(), entry({ Detail: JSON.stringify('x'.repeat(1024 * 1024)) })]],
  ])('refuses the whole call with %s', async (_name, entries) => {
    await expect(put(...entries)).rejects.toMatchObject({ name: 'ValidationException' });
    expect(events).toEqual([]);
  });

  it('has taken an event whose handler throws', async () => {
    onEvent = () => Promise.reject(new Error('a bad handler'));
    expect((await put(entry())).FailedEntryCount).toBe(0);
    expect(defects).toEqual([new Error('a bad handler')]);
  });
});

it('offers nothing else', async () => {
  await expect(client.send(new ListRulesCommand({}))).rejects.toMatchObject({
    name: 'UnknownOperationException',
  });
});

it('answers what is not AWS JSON as AWS does', async () => {
  const headers = { 'x-amz-target': 'AWSEvents.PutEvents' };
  const broken = await fetch(server.url, { method: 'POST', headers, body: '{' });
  expect(broken.status).toBe(400);
  expect(await broken.json()).toMatchObject({ __type: 'SerializationException' });
  const long = await fetch(server.url, { method: 'POST', headers, body: 'x'.repeat(5 * 1024 * 1024) });
  expect(long.status).toBe(413);
  const get = await fetch(server.url);
  expect(await get.json()).toMatchObject({ __type: 'UnknownOperationException' });
  expect(defects).toEqual([]);
});

it('takes no harm from a client that leaves in the middle of its body', async () => {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"Entries"');
  await once(socket, 'connect');
  socket.destroy();
  await put(entry());
  expect(events).toHaveLength(1);
  expect(defects).toEqual([]);
});

describe('a fault', () => {
  it('hits the events that it names, as often as it says', async () => {
    server.faults.add({
      service: 'events',
      match: '^stream-recorder/Record Available$',
      nth: 2,
      action: { kind: 'fail', status: 503, code: 'InternalException' },
    });
    await put(entry());
    await put(entry({ DetailType: 'Other' }));
    await expect(put(entry())).rejects.toMatchObject({ name: 'InternalException' });
    await put(entry());
    expect(events).toHaveLength(3);
  });

  it('loses the answer, and the event has been taken', async () => {
    server.faults.add({ service: 'events', action: { kind: 'dropAnswer' } });
    await expect(put(entry())).rejects.toThrow();
    expect(events).toHaveLength(1);
  });
});
