import { expect } from 'vitest';
import { FragmentIndexWriter } from '../../functions/core/media/fragmentIndex/writer.ts';
import { MemoryPages } from '../../functions/core/media/pages.ts';
import { toBuffer } from '../../functions/core/media/pieces.ts';
import { fragmentIndexKey, partKey } from '../../functions/core/state/keys.ts';
import { finalPartSchema } from '../../functions/core/state/partObjects.ts';
import type { CallOptions, TestApi } from './support.ts';

/**
 * What makes each operation give every answer that its document promises.
 * @param secret of the hooks
 * @returns by the ids of the operations that are asked together
 */
export function contractRequests(
  api: () => TestApi,
  secret: string,
): Readonly<Record<string, () => Promise<unknown>>> {
  const tooLarge = { text: 'x'.repeat(65_537) };
  const unknown = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
  const source = 'rtmp://media.example/live/x';
  const requests: Record<string, () => Promise<unknown>> = {};
  const bad = async (method: string, route: string): Promise<void> => {
    await api().call(method, route, { text: '{"' });
    await api().call(method, route, tooLarge);
    await api().call(method, route, { body: [1] });
  };
  const post = (route: string, body?: unknown, more: CallOptions = {}) =>
    api().call('POST', route, { ...(body === undefined ? {} : { body }), ...more });
  const known = (route: string) => api().call('GET', route, { headers: { 'if-none-match': '*' } });
  const startAndStop = (start: string, stop: string) => async (): Promise<void> => {
    await bad('POST', start);
    await bad('POST', stop);
    await post(start, { mediaSessionId: 'nobody' });
    await post(stop, { mediaSessionId: 'nobody' });
    await api().publish('contract');
    await post(start, { mediaSessionId: 'contract' });
    await post(stop, { mediaSessionId: 'contract' });
  };
  requests['startRecording stopRecording'] = startAndStop(
    '/rest-api/stream/startRecording',
    '/stream/stopRecording',
  );
  requests['startup terminate'] = startAndStop('/recorder/startup/', '/rest-api/recorder/terminate');
  requests['findRecords findAllStreams'] = async () => {
    await post('/recorder/find_all');
    await post('/stream/find_all');
  };
  requests.findStreams = async () => {
    await bad('POST', '/stream/find');
    await api().publish('found');
    await post('/stream/find', { name: 'found' });
    await post('/stream/find', { name: 'not found' });
  };
  requests.createRecording = async () => {
    await bad('POST', '/recordings');
    await api().publish('created');
    await post('/recordings', { mediaSessionId: 'created' });
    await post('/recordings', { mediaSessionId: 'created' });
    await post('/recordings', { mediaSessionId: 'nobody' });
    await post('/recordings', { mediaSessionId: 'nobody', waitSeconds: 1 });
    const headers = { 'idempotency-key': 'contract' };
    await post('/recordings', { sourceUrl: source }, { headers });
    await post('/recordings', { sourceUrl: `${source}y` }, { headers });
  };
  requests.listRecordings = async () => {
    await api().call('GET', '/recordings');
    await known('/recordings');
    await api().call('GET', '/recordings?limit=x');
  };
  requests.previewName = async () => {
    await bad('POST', '/recordings/previewName');
    await post('/recordings/previewName', { streamName: 'a/b' });
    const config = { fileTemplate: '{streamName}_{part}', libraryKey: 'shows/{fileName}' };
    const named = await post('/recordings/previewName', { streamName: 'b', part: 2, config });
    expect(named.body).toMatchObject({ libraryKey: 'shows/b_002.mp4' });
  };
  requests['getRecording getRecordingEvents deleteRecording stop rotate'] = async () => {
    const id = await api().seedRecording('resource');
    for (const route of [`/recordings/${unknown}`, `/recordings/${unknown}/events`])
      await api().call('GET', route);
    for (const command of ['stop', 'rotate']) await post(`/recordings/${unknown}/${command}`);
    await api().call('DELETE', `/recordings/${unknown}`);
    await api().call('DELETE', `/recordings/${id}`);
    await api().call('DELETE', `/recordings/${id}?records=1`);
    await api().openPart(id, Date.now());
    const { headers } = await api().call('GET', `/recordings/${id}`);
    await api().call('GET', `/recordings/${id}`, { headers: { 'if-none-match': headers.get('etag') ?? '' } });
    await api().call('GET', `/recordings/${id}?waitFor=recording`);
    await api().call('GET', `/recordings/${id}?waitFor=never`);
    await post(`/recordings/${id}/rotate`);
    await post(`/recordings/${id}/stop`);
    await post(`/recordings/${id}/rotate`);
    await api().finish(id, Date.now() + 5_000, 'no such record', '"x"');
    await post(`/recordings/${id}/stop`);
    await api().call('GET', `/recordings/${id}/events`);
    await api().call('GET', `/recordings/${id}/events?nextToken=x`);
    await known(`/recordings/${id}/events`);
    await api().call('DELETE', `/recordings/${id}`);
  };
  requests['createClip joinParts listClips getClip deleteClip'] = async () => {
    const id = await api().seedRecording('clipped');
    const clips = `/recordings/${id}/clips`;
    const elsewhere = `/recordings/${unknown}/clips`;
    await bad('POST', clips);
    await post(elsewhere, { from: 0, to: 1_000 });
    await post(`/recordings/${unknown}/join`);
    await post(`/recordings/${id}/join`);
    await post(clips, { from: 0, to: 1_000 });
    await api().openPart(id, Date.now());
    await api().finish(id, Date.now() + 5_000, 'no such record', '"x"');
    await post(`/recordings/${id}/join`);
    const joined = await api().seedRecording('joined');
    for (const part of [1, 2]) await api().openPart(joined, Date.now() + part * 5_000, `${part}.mp4`, part);
    await api().finish(joined, Date.now() + 10_000, 'no such record', '"x"');
    await post(`/recordings/${joined}/join`);
    const final = await api().store.read(partKey(joined, 1, 'final'), finalPartSchema);
    await api().store.create(partKey(joined, 2, 'final'), { ...final?.value, part: 2 });
    await post(`/recordings/${joined}/join`);
    await post(`/recordings/${joined}/join`);
    await post(clips, { from: 2_000, to: 1_000 });
    const headers = { 'idempotency-key': 'contract clip' };
    const { body } = await post(clips, { from: 0, to: 1_000 }, { headers });
    await post(clips, { from: 0, to: 1_000 }, { headers });
    await post(clips, { from: 0, to: 2_000 }, { headers });
    await api().call('GET', clips);
    await api().call('GET', `${clips}?limit=0`);
    await api().call('GET', elsewhere);
    await api().call('GET', `${clips}/${String(body.clipId)}`);
    // Whatever has become of it meanwhile.
    await known(`${clips}/${String(body.clipId)}`);
    for (const method of ['GET', 'DELETE']) {
      await api().call(method, `${clips}/${unknown}`);
      await api().call(method, `/recordings/none/clips/${unknown}`);
      await api().call(method, `${clips}/${String(body.clipId)}`);
    }
  };
  requests.play = async () => {
    const id = await api().seedRecording('played');
    await api().openPart(id, Date.now());
    const token = await api().playToken(id);
    const play = (file: string) => api().call('GET', `/play/${token}/${file}`);
    await play('vod.m3u8');
    await api().finish(id, Date.now() + 5_000, 'no such record', '"x"');
    await play('vod.m3u8');
    const index = new FragmentIndexWriter(new MemoryPages(), 0);
    const whole = { bytes: 9, watchedBytes: 9, keyframe: true, startMs: 0, endMs: 1_000, tracks: [] };
    index.add(whole);
    const facts = {
      container: 'mp4',
      headBytes: 1,
      isMixed: false,
      init: Buffer.alloc(0),
      tracks: [],
    } as const;
    await api().store.overwriteBytes(fragmentIndexKey(id, 1), toBuffer(index.finish(facts)));
    for (const file of ['vod.m3u8', '1.mp4', '9.mp4', 'x.y']) await play(file);
    await api().call('GET', `/play/${token}x/vod.m3u8`);
  };
  requests.getFile = async () => {
    await api().call('GET', `/files/${await api().fileToken()}/a.mp4`);
    await api().call('GET', '/files/forged/a.mp4');
  };
  requests['listRooms getRoom'] = async () => {
    await api().publish('in-a-room', { room: 'contract room' });
    await post('/recordings', { mediaSessionId: 'in-a-room' });
    for (const route of ['/rooms', '/rooms/contract%20room']) {
      await api().call('GET', route);
      await known(route);
      await api().call('GET', `${route}?limit=0`);
    }
    await api().call('GET', '/rooms/nobody');
  };
  requests['mergeRoom listMerges getMerge cancelMerge'] = async () => {
    const merge = '/rooms/merged%20room/merge';
    await bad('POST', merge);
    await post('/rooms/nobody/merge', { layout: 'grid' });
    await api().publish('to-merge', { room: 'merged room' });
    await post('/recordings', { mediaSessionId: 'to-merge' });
    await post('/rooms/merged%20room/burn', { layout: 'grid' });
    await post(merge, { layout: 'grid', running: 'take' });
    const headers = { 'idempotency-key': 'contract merge' };
    const { body } = await post(merge, { layout: 'grid', width: 640 }, { headers });
    await post(merge, { layout: 'grid', width: 640 }, { headers });
    await post(merge, { layout: 'audio' }, { headers });
    for (const route of ['/merges', '/merges?room=merged%20room', `/merges/${String(body.mergeId)}`]) {
      await api().call('GET', route);
      await known(route);
    }
    await api().call('GET', '/merges?limit=0');
    for (const method of ['GET', 'DELETE']) {
      await api().call(method, `/merges/${String(body.mergeId)}`);
      await api().call(method, `/merges/${unknown}`);
    }
  };
  requests.getStatus = async () => {
    await api().call('GET', '/status');
    await known('/status');
  };
  requests['listStreams getStream putStream deleteStream health'] = async () => {
    const long = 'x'.repeat(257);
    await api().call('GET', '/streams?limit=1');
    await known('/streams?limit=1');
    await api().call('GET', '/streams?limit=0');
    for (const method of ['GET', 'DELETE']) {
      await api().call(method, `/streams/${long}`);
      await api().call(method, '/streams/nobody');
    }
    await bad('PUT', '/streams/registered');
    await api().publish('registered', { eventAtMs: 2 });
    await api().call('PUT', '/streams/registered', { body: { name: 'x', sourceUrl: source, eventAtMs: 1 } });
    const stream = await api().call('GET', '/streams/registered');
    const etag = stream.headers.get('etag') ?? '';
    await api().call('GET', '/streams/registered', { headers: { 'if-none-match': etag } });
    await api().call('DELETE', '/streams/registered');
    await api().call('GET', '/health');
    await known('/health');
  };
  requests['serverHook wcsHook'] = async () => {
    for (const route of [`/hooks/${secret}/srs`, `/hooks/${secret}/wcs/publishStream`])
      await bad('POST', route);
    for (const route of ['/hooks/wrong/srs', '/hooks/wrong/wcs/connect', `/hooks/${secret}/other`]) {
      await post(route, {});
    }
    await post(`/hooks/${secret}/stream`, { event: 'publish', name: 'n', app: 'live' });
    await post(`/hooks/${secret}/wcs/connect`, { nodeId: 'n' });
  };
  return requests;
}
