import type { ApiAnswer, ConsoleRequest } from './consoleSite.ts';

/** A browser whose clock is a day ahead, and that shows the timer which waits for long. */
export const ODD_CLOCK = `
  const Right = Date;
  const ahead = 86_400_000;
  Date = class extends Right {
    constructor(...given) { given.length === 0 ? super(Right.now() + ahead) : super(...given); }
    static now() { return Right.now() + ahead; }
  };
  const wait = window.setTimeout;
  window.setTimeout = (run, ms, ...given) => {
    if (ms > 60_000) window.waits = { run, ms };
    return wait(run, ms, ...given);
  };
`;

/** And long, with nowhere to break. */
export const HOSTILE = `<script>document.title=1</script><img src=x onerror=document.title=1>"'&<b>é😀${'W'.repeat(300)}`;
export const HOSTILE_ID = '01J00000000000000000000000';
const PICTURED_ID = '01J00000000000000000000001';
/** Each string that is somebody's own text is hostile. */
export function hostileAnswer(pathname: string): ApiAnswer {
  const now = new Date().toISOString();
  const reason = { code: HOSTILE, message: HOSTILE };
  const summary = {
    ...{ recordingId: HOSTILE_ID, mediaSessionId: HOSTILE, streamName: HOSTILE, requestedAt: now },
    ...{ status: 'recording', parts: 1, reason },
  };
  const part = {
    ...{ part: 1, status: 'recording', fileName: HOSTILE, wholeName: HOSTILE, startTime: now },
    ...{ tracks: [{ kind: 'video', codec: HOSTILE }], incomplete: [reason] },
  };
  const progress = {
    ...{ at: now, part: 1, bytes: 1, uploadedBytes: 0, durationMs: 1_000, bitrateBps: 1, fps: 25 },
    ...{ tailAgeMs: 1, spoolBytes: 0 },
  };
  const recording = { ...summary, source: HOSTILE, parts: [part], partCount: 1, progress, hostId: HOSTILE };
  const answers: Readonly<Record<string, unknown>> = {
    '/recordings': { recordings: [summary] },
    [`/recordings/${HOSTILE_ID}`]: recording,
    [`/recordings/${HOSTILE_ID}/events`]: {
      events: [{ at: now, afterMs: 0, type: HOSTILE, reason: HOSTILE, nested: { text: HOSTILE } }],
    },
    [`/recordings/${HOSTILE_ID}/clips`]: { clips: [] },
    '/streams': {
      streams: [{ mediaSessionId: HOSTILE, name: HOSTILE, status: 'PUBLISHING', videoCodec: HOSTILE }],
    },
    '/rooms': { rooms: [{ room: HOSTILE, latestRecordingAt: now }] },
    [`/rooms/${encodeURIComponent(HOSTILE)}`]: {
      ...{ room: HOSTILE, startTime: now },
      recordings: [{ ...recording, login: HOSTILE }],
    },
    '/merges': { merges: [] },
    '/status': {
      ...{ at: now, version: HOSTILE, apiVersion: '1', activeRecordings: 1 },
      queues: [{ name: HOSTILE, waiting: 1, inFlight: 0, delayed: 0 }],
      hosts: [
        {
          ...{ hostId: HOSTILE, at: now, recordings: 1, cpuUnits: 1024, memoryBytes: 1, diskPercent: 1 },
          full: HOSTILE,
        },
      ],
    },
  };
  const body = answers[pathname];
  return body === undefined ? undefined : { status: 200, body };
}

/** The n-th newest of a library of so many, all of one day in a hundred. */
const LIBRARY = 10_000;
export const PAGE = 50;
export const recordingOf = (index: number) => ({
  recordingId: String(LIBRARY - index).padStart(26, '0'),
  mediaSessionId: `m${index}`,
  streamName: `camera ${index}`,
  requestedAt: new Date(Date.UTC(2026, 6, 1) - index * 864_000).toISOString(),
  status: 'available',
  parts: 1,
});

/** A thousand recordings that go on, as the API tells them in pages; of each how it goes. */
export const ACTIVE = 1_000;
export function busyAnswer({ pathname, searchParams }: URL): ApiAnswer {
  const now = new Date().toISOString();
  const recording = (index: number) => ({ ...recordingOf(index), status: 'recording', requestedAt: now });
  if (pathname === '/streams') return { status: 200, body: { streams: [] } };
  if (pathname === '/status')
    return { status: 200, body: { activeRecordings: ACTIVE, moreActiveRecordings: false } };
  const id = /^\/recordings\/(\d{26})$/.exec(pathname)?.[1];
  if (id !== undefined) {
    const common = hostileAnswer(`/recordings/${HOSTILE_ID}`)?.body as object;
    return { status: 200, body: { ...common, ...recording(LIBRARY - Number(id)), parts: [] } };
  }
  if (pathname !== '/recordings') return undefined;
  const at = Number(searchParams.get('nextToken') ?? '0');
  const next = at + Number(searchParams.get('limit'));
  const recordings = Array.from({ length: next - at }, (_, index) => recording(at + index));
  return { status: 200, body: { recordings, ...(next < ACTIVE ? { nextToken: String(next) } : {}) } };
}

/** A room whose merge is under way from when it is asked for until it is given up; then there is another, which is done. */
export function mergingApi() {
  const common = { room: HOSTILE, running: 'wait', requestedAt: new Date().toISOString() };
  const progress = { at: common.requestedAt, percent: 41.7, etaMs: 90_000 };
  const grid = { ...common, mergeId: 'M', layout: 'grid' };
  const asked: unknown[] = [];
  let merges: object[] = [];
  const answer = ({ method, url, body }: ConsoleRequest): ApiAnswer => {
    if (method === 'POST') {
      asked.push(body);
      merges = [{ ...grid, status: 'processing', progress }];
      return { status: 201, body: merges[0] };
    }
    if (method === 'DELETE') {
      const done = {
        ...common,
        mergeId: 'N',
        layout: 'tracks',
        status: 'available',
        recordingId: HOSTILE_ID,
      };
      const pictured = { ...done, mergeId: 'O', layout: 'grid', recordingId: PICTURED_ID };
      merges = [{ ...grid, status: 'canceled' }, done, pictured];
      return { status: 200, body: merges[0] };
    }
    if (url.pathname === `/recordings/${PICTURED_ID}`) {
      const picture = { url: '/poster.jpg', expiresInSeconds: 3600 };
      const common = hostileAnswer(`/recordings/${HOSTILE_ID}`)?.body as object;
      return { status: 200, body: { ...common, pictures: { poster: picture } } };
    }
    return url.pathname === '/merges' ? { status: 200, body: { merges } } : hostileAnswer(url.pathname);
  };
  return { asked, answer };
}

/** A recording of a day that was rotated by the minute. */
export const DAY_PARTS = 1_440;
export function dayAnswer({ pathname, searchParams }: URL): ApiAnswer {
  const at = (minute: number) => new Date(Date.UTC(2026, 6, 1) + minute * 60_000).toISOString();
  const numbers = Array.from({ length: DAY_PARTS }, (_, index) => index + 1);
  const paged = <T>(all: readonly T[], size: number) => {
    const from = Number(searchParams.get('nextToken') ?? '0');
    const to = from + size;
    return { items: all.slice(from, to), ...(to < all.length ? { nextToken: String(to) } : {}) };
  };
  if (pathname.endsWith('/events')) {
    const events = numbers.flatMap((part) =>
      ['partOpened', 'partFinished'].map((type) => ({ at: at(part), afterMs: part * 60_000, type, part })),
    );
    const { items, ...next } = paged(events, 1_000);
    return { status: 200, body: { recordingId: HOSTILE_ID, events: items, ...next } };
  }
  if (pathname !== `/recordings/${HOSTILE_ID}`) return hostileAnswer(pathname);
  const parts = numbers.map((part) => ({
    ...{
      part,
      status: 'available',
      fileName: `${part}.mp4`,
      startTime: at(part - 1),
      durationMs: 60_000,
      bytes: 9,
    },
  }));
  const stretches = numbers.map((part) => ({
    ...{ kind: 'recorded', part, startTime: at(part - 1), endTime: at(part), atMs: 0 },
  }));
  const timeline = { recordedMs: DAY_PARTS * 60_000, missingMs: 0, stretches };
  const { items, ...next } = paged(parts, 100);
  const body = {
    ...(hostileAnswer(pathname)?.body as object),
    status: 'available',
    progress: undefined,
    timeline,
  };
  return { status: 200, body: { ...body, partCount: DAY_PARTS, parts: items, ...next } };
}

/** A library of many recordings, in pages; what was asked of it. */
export function libraryApi() {
  const pages: number[] = [];
  const joined: string[] = [];
  let searched: object = {};
  const answer = ({ method, url }: ConsoleRequest): ApiAnswer | undefined => {
    if (method === 'POST') {
      joined.push(url.pathname);
      return { status: 200, body: {} };
    }
    if (url.pathname !== '/recordings') return undefined;
    searched = Object.fromEntries(url.searchParams);
    const at = Number(url.searchParams.get('nextToken') ?? '0');
    if (at > 0) pages.push(at / PAGE);
    const recordings = Array.from({ length: PAGE }, (_, index) => recordingOf(at + index));
    const next = at + PAGE;
    return { status: 200, body: { recordings, ...(next < LIBRARY ? { nextToken: String(next) } : {}) } };
  };
  return { answer, pages, joined, searched: () => searched };
}

/** A recording that plays by a link that leads to nothing, until it is removed. */
export function deletedMeanwhile() {
  let isDeleted: boolean = false;
  const play = { hls: { url: '/play/x/vod.m3u8', live: false, expiresInSeconds: 3600 } };
  const answer = ({ url }: ConsoleRequest): ApiAnswer | undefined => {
    if (isDeleted) {
      const error = { code: 'recording_not_found', message: 'Gone.', requestId: 'r' };
      return { status: 404, body: { error } };
    }
    const found = hostileAnswer(url.pathname);
    const isIt = url.pathname === `/recordings/${HOSTILE_ID}`;
    return isIt ? { status: 200, body: { ...(found?.body as object), play } } : found;
  };
  return {
    answer,
    remove: () => {
      isDeleted = true;
    },
  };
}
