import { createHash } from 'node:crypto';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApi } from './support.ts';

const SECRET = 'rooms-secret';
let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({
    streamHooks: JSON.stringify({
      secretsSha256: [createHash('sha256').update(SECRET).digest('hex')],
      sources: { '*': 'rtmp://media.example/{app}/{streamName}' },
      rooms: { conference: '^(?<room>[^#]+)#' },
    }),
  });
});
afterAll(() => api.close());

interface Room {
  readonly startTime?: string;
  readonly endTime?: string;
  readonly recordings: readonly {
    readonly recordingId: string;
    readonly mediaSessionId: string;
    readonly parts: readonly { readonly offsetMs?: number; readonly download?: { readonly url: string } }[];
  }[];
}
const roomOfStream = async (id: string): Promise<unknown> =>
  (await api.call('GET', `/streams/${encodeURIComponent(id)}`)).body.room;
const hook = (server: string, body: unknown, type = 'application/json') =>
  api.call('POST', `/hooks/${SECRET}/${server}`, {
    text: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': type },
  });
const show = async (room: string, query = ''): Promise<Room> => {
  const answer = await api.call('GET', `/rooms/${encodeURIComponent(room)}${query}`);
  expect(answer.status).toBe(200);
  return answer.body as unknown as Room;
};

describe("a stream's room", () => {
  const wcs = { name: 'cam', published: true, status: 'PUBLISHING' };
  it.each([
    ['roomName', { roomName: 'blue' }],
    ['room', { room: { name: 'blue' } }],
    ['custom', { custom: { room: 'blue', other: { x: 1 } } }],
    ['custom.roomName', { custom: { roomName: 'blue' } }],
  ])("comes with WCS's hook: %s", async (name, fields) => {
    await hook('wcs/StreamStatusEvent', { ...wcs, mediaSessionId: `wcs-${name}`, ...fields });
    expect(await roomOfStream(`wcs-${name}`)).toBe('blue');
  });

  it('is not taken from what is no name', async () => {
    await hook('wcs/StreamStatusEvent', { ...wcs, mediaSessionId: 'none', custom: { room: 7 }, room: '' });
    expect(await roomOfStream('none')).toBeUndefined();
  });

  it("comes with other servers' hooks", async () => {
    const form = 'application/x-www-form-urlencoded';
    await hook('nginx-rtmp', 'call=publish&app=live&name=n&room=green', form);
    await hook('srs', { action: 'on_publish', app: 'live', stream: 's', param: '?room=green' });
    await hook('stream', { event: 'publish', name: 'json', room: 'green' });
    await hook('stream', 'event=publish&name=form&query=room%3Dgreen', form);
    for (const id of ['live/n', 'live/s', 'json', 'form']) expect(await roomOfStream(id), id).toBe('green');
  });

  it('comes by a pattern of its application, with a hook or by the API, unless it is given', async () => {
    await hook('stream', { event: 'publish', app: 'conference', name: 'team#alice' });
    expect(await roomOfStream('conference/team#alice')).toBe('team');
    await api.publish('by-api', { name: 'team#bob', appKey: 'conference' });
    expect(await roomOfStream('by-api')).toBe('team');
    await api.publish('given', { name: 'team#eve', appKey: 'conference', room: 'other' });
    expect(await roomOfStream('given')).toBe('other');
  });
});

describe('rooms', () => {
  const baseMs = Date.parse('2026-07-01T12:00:00.000Z');

  /** A recording of a participant that is over, and one that goes on. */
  async function meeting(room: string): Promise<{ readonly ended: string; readonly running: string }> {
    await api.publish(`${room}-a`, { room, login: 'alice' });
    await api.publish(`${room}-b`, { room });
    const ended = await api.startRecording(`${room}-a`);
    const running = await api.startRecording(`${room}-b`);
    await api.openPart(ended, baseMs);
    await api.s3.send(new PutObjectCommand({ Bucket: 'library', Key: `${room}.mp4`, Body: 'mp4!' }));
    await api.finish(ended, baseMs + 10_000, `${room}.mp4`, '"etag"');
    await api.openPart(running, baseMs + 7_000);
    return { ended, running };
  }

  it('show their recordings, past and present, on one timeline, with links', async () => {
    const { ended, running } = await meeting('red/1');
    const room = await show('red/1');
    expect(room).toMatchObject({ room: 'red/1', startTime: '2026-07-01T12:00:05.000Z' });
    expect(room).not.toHaveProperty('endTime');
    expect(room.recordings.map(({ recordingId }) => recordingId)).toEqual([ended, running]);
    const [first, second] = room.recordings;
    expect(first).toMatchObject({
      login: 'alice',
      parts: [{ offsetMs: 0, durationMs: 5_000, status: 'available' }],
    });
    expect(second).toMatchObject({ parts: [{ offsetMs: 2_900, status: 'recording' }] });
    expect(await (await fetch(first?.parts[0]?.download?.url ?? '')).text()).toBe('mp4!');
    expect((await api.call('GET', '/rooms')).body.rooms).toContainEqual({
      room: 'red/1',
      latestRecordingAt: expect.any(String),
    });
  });

  it('show what lies between two times, in pages', async () => {
    const { ended, running } = await meeting('paged');
    const idsOf = (room: Room): string[] => room.recordings.map(({ recordingId }) => recordingId);
    expect(idsOf(await show('paged', '?to=2026-07-01T12:00:06Z'))).toEqual([ended]);
    expect(idsOf(await show('paged', '?from=2026-07-01T12:00:11Z'))).toEqual([running]);
    expect(idsOf(await show('paged', '?to=2026-07-01T11:00:00Z'))).toEqual([]);
    const page = await api.call('GET', '/rooms/paged?limit=1');
    expect(idsOf(page.body as unknown as Room)).toEqual([running]);
    const next = await show('paged', `?limit=1&nextToken=${encodeURIComponent(String(page.body.nextToken))}`);
    expect(idsOf(next)).toEqual([ended]);
    expect(next).not.toHaveProperty('nextToken');
  });

  it('forget a recording that is deleted, and are not listed without any', async () => {
    await api.publish('lonely', { room: 'lonely' });
    const recordingId = await api.startRecording('lonely');
    await api.openPart(recordingId, baseMs);
    await api.finish(recordingId, baseMs + 10_000, 'lonely.mp4', '"etag"');
    expect((await show('lonely')).recordings).toHaveLength(1);
    expect((await api.call('DELETE', `/recordings/${recordingId}`)).status).toBe(200);
    expect((await show('lonely')).recordings).toEqual([]);
    const rooms = (await api.call('GET', '/rooms?limit=100')).body.rooms as { room: string }[];
    expect(rooms.map(({ room }) => room)).not.toContain('lonely');
  });

  it('are in pages by name', async () => {
    for (const room of ['page-a', 'page-b']) {
      await api.publish(room, { room });
      await api.startRecording(room);
    }
    const seen: string[] = [];
    for (let token: unknown = ''; token !== undefined; ) {
      const query = token === '' ? '' : `&nextToken=${encodeURIComponent(String(token))}`;
      const { body } = await api.call('GET', `/rooms?limit=1${query}`);
      seen.push(...(body.rooms as { room: string }[]).map(({ room }) => room));
      token = body.nextToken;
    }
    expect(seen).toEqual(expect.arrayContaining(['page-a', 'page-b']));
    expect(new Set(seen).size).toBe(seen.length);
  });

  it.each([
    ['/rooms/nobody', 404, 'room_not_found', 'room'],
    ['/rooms/nobody?from=yesterday', 400, 'invalid_request', 'from'],
    ['/rooms?limit=0', 400, 'invalid_request', 'limit'],
    ['/rooms?nextToken=x', 400, 'invalid_request', 'nextToken'],
  ])('%s: %d', async (route, status, code, field) => {
    expect(await api.call('GET', route)).toMatchObject({ status, body: { error: { code, field } } });
  });
});
