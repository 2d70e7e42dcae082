import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { Webhook } from 'standardwebhooks';
import { afterAll, expect, it } from 'vitest';
import { EVENT_SOURCE, EVENT_TYPES } from '../../../functions/core/events/published.ts';
import { closeServer, listenOnLoopback } from '../../../infra/emulators/shared/loopback.ts';
import { Closers } from '../../../infra/local/closers.ts';
import { readSettings } from '../../../infra/local/mainSettings.ts';
import { EVENT_BUS } from '../../../infra/local/place.ts';
import { startRuntime } from '../../../infra/local/runtime.ts';
import { waitFor } from '../../support/children.ts';
import { refuseDenials } from '../../support/denials.ts';

const closers = new Closers();
afterAll(() => closers.closeAll());

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const entry = (type: string) => ({ url: 'http://127.0.0.1:9/', secret, [type]: true });

it('an endpoint is told of the events that it wants, signed, and again until it takes them', async () => {
  const got: { type: string; id: unknown }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    const { type } = new Webhook(secret).verify(body, headers) as { type: string };
    got.push({ type, id: headers['webhook-id'] });
    // Of the one it wants no more; the other it takes at the second try.
    const tries = got.filter((one) => one.type === type).length;
    response.writeHead(type === 'record.available' ? (tries === 1 ? 500 : 204) : 410).end();
  });
  closers.add(() => closeServer(server));
  const url = await listenOnLoopback(server);
  const folder = await mkdtemp(path.join(tmpdir(), 'webhooks-'));
  closers.add(() => rm(folder, { recursive: true, force: true }));
  const events = [EVENT_TYPES.recordAvailable, EVENT_TYPES.recordingFailed];
  const webhooks = [{ url, secret, events, http: true, privateNetworks: ['127.0.0.0/8'] }];
  const runtime = await startRuntime({ dataDir: folder, ingest: false, reconcilesAtStart: false, webhooks });
  closers.add(() => runtime.close({ graceMs: 0 }).then(() => refuseDenials(runtime)));
  const { region, credentials, eventsUrl } = runtime;
  const bus = new EventBridgeClient({ endpoint: eventsUrl, region, credentials });
  closers.add(async () => bus.destroy());
  const published = (type: string, id: string) => ({
    EventBusName: EVENT_BUS,
    Source: EVENT_SOURCE,
    DetailType: type,
    Detail: JSON.stringify({ id, recordingId: 'R', mediaSessionId: 'm' }),
  });
  await bus.send(
    new PutEventsCommand({
      Entries: [
        published(EVENT_TYPES.recordingStarted, 'R/recording-started'),
        published(EVENT_TYPES.recordingFailed, 'R/recording-failed'),
        published(EVENT_TYPES.recordAvailable, 'R/record-available/1'),
      ],
    }),
  );
  // The first answer was 500: five seconds later it is sent again.
  const told = { type: 'record.available', id: 'R/record-available/1' };
  const takenBy = () => got.filter(({ type }) => type === told.type);
  await waitFor('the second try', () => (takenBy().length >= 2 ? true : undefined));
  expect(takenBy()).toEqual([told, told]);
  expect(got.filter(({ type }) => type !== told.type)).toEqual([
    { type: 'recording.failed', id: 'R/recording-failed' },
  ]);
});

it.each([
  ['no JSON', /WEBHOOKS is not valid/],
  [JSON.stringify([entry('what')]), /WEBHOOKS is not valid/],
  [JSON.stringify([{ url: 'http://127.0.0.1:9/', secret }]), /schemes that this deployment allows: https/],
  [JSON.stringify([{ url: 'https://127.0.0.1:9/', secret }]), /address that this deployment does not allow/],
  [JSON.stringify([{ url: 'https://hooks.example/', secret: 'short' }]), /secret/],
  [JSON.stringify([{ url: 'https://hooks.example/', secret, events: ['Nothing'] }]), /events/],
])('WEBHOOKS %s is refused at the start', (WEBHOOKS, message) => {
  expect(() => readSettings({ WEBHOOKS })).toThrow(message);
});
