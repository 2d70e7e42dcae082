import createFetchClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './schema.ts';

/** A recording as the API shows it, with its parts. */
export type Recording = components['schemas']['Recording'];
/** A recording as a list shows it. */
export type RecordingSummary = components['schemas']['Recordings']['recordings'][number];
export type RecordingEvent = components['schemas']['RecordingEvents']['events'][number];
export type Part = Recording['parts'][number];
/** A piece of a recording, or all of its parts, as one file. */
export type Clip =
  paths['/recordings/{recordingId}/clips/{clipId}']['get']['responses'][200]['content']['application/json'];
/** A room with its recordings. */
export type Room = paths['/rooms/{room}']['get']['responses'][200]['content']['application/json'];
export type RoomSummary =
  paths['/rooms']['get']['responses'][200]['content']['application/json']['rooms'][number];
/** A room as one file: how far it is, and who is in it. */
export type Merge = paths['/merges/{mergeId}']['get']['responses'][200]['content']['application/json'];
export type MergeSummary =
  paths['/merges']['get']['responses'][200]['content']['application/json']['merges'][number];
export type Stream = components['schemas']['Stream'];
export type Status = paths['/status']['get']['responses'][200]['content']['application/json'];
export type RecordingConfig = components['schemas']['Config'];

/** What the API answered where it did not do as asked. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** As in docs/api.md; `unreachable` where no answer came, `unknown` where it was none of this API. */
  readonly code: string;
  /** The field at fault, where there is one. */
  readonly field: string | undefined;
  readonly requestId: string | undefined;

  constructor(
    message: string,
    options: { status: number; code: string; field?: string; requestId?: string; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.status = options.status;
    this.code = options.code;
    this.field = options.field;
    this.requestId = options.requestId;
  }
}

/**
 * What was thrown, as an error that can be shown: one of the API's own, a TypeError for an answer in which nothing is where this
 * version looks for it, or a fault of the program that asked.
 */
export function asApiError(cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  if (cause instanceof TypeError)
    return new ApiError(
      'The answer is not understood: the API may be of another version than what asks it.',
      {
        status: 0,
        code: 'not_understood',
        cause,
      },
    );
  return new ApiError('The program that asked failed.', { status: 0, code: 'client_failed', cause });
}

export interface ClientOptions {
  /** The API's address, such as `http://127.0.0.1:8081`; a relative one in a browser. */
  readonly baseUrl: string;
  /** Value of the header Authorization of each request: `Bearer …`, `Basic …`. */
  readonly authorization?: () => string | undefined;
  /** Sends a request, signed where the API wants signatures. The platform's own by default. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** A client whose paths, parameters and answers have the API's own types. It resolves with the answer's body. */
export interface RecorderClient {
  readonly raw: Client<paths>;
  health(): Promise<{ status: 'ok' }>;
  /** Hosts, queues, and what was mended. */
  status(): Promise<Status>;
  /** All of the registry. */
  streams(): Promise<Stream[]>;
  /** A page of them. */
  streamPage(
    query?: NonNullable<paths['/streams']['get']['parameters']['query']>,
  ): Promise<{ streams: Stream[]; nextToken?: string }>;
  /** Rooms that have, or had, recordings. */
  rooms(): Promise<RoomSummary[]>;
  /** Its recordings, newest first: the first 50, or all between two times. */
  room(room: string, query?: { from?: string; to?: string; limit?: string }): Promise<Room>;
  /** Asks for the room as one file; with the same `idempotencyKey` once, however often it is sent. */
  mergeRoom(
    room: string,
    body: paths['/rooms/{room}/merge']['post']['requestBody']['content']['application/json'],
    idempotencyKey?: string,
  ): Promise<Merge>;
  merge(mergeId: string): Promise<Merge>;
  /** Newest first: of one room, or of all. */
  merges(room?: string): Promise<MergeSummary[]>;
  /** Gives it up, where it is not settled. */
  cancelMerge(mergeId: string): Promise<Merge>;
  recordings(
    query?: NonNullable<paths['/recordings']['get']['parameters']['query']>,
  ): Promise<components['schemas']['Recordings']>;
  /** With its first 100 parts, or those after the page that gave `nextToken`. */
  recording(recordingId: string, query?: { nextToken?: string }): Promise<Recording>;
  /** All of its parts. */
  parts(recordingId: string): Promise<Part[]>;
  events(recordingId: string): Promise<RecordingEvent[]>;
  /** Starts a recording; with the same `idempotencyKey` once, however often it is sent. */
  start(
    body: paths['/recordings']['post']['requestBody']['content']['application/json'],
    idempotencyKey?: string,
  ): Promise<{ recordingId?: string; mediaSessionId: string; status: string }>;
  stop(recordingId: string): Promise<{ recordingId: string; status: string }>;
  rotate(recordingId: string): Promise<{ recordingId: string; sequence: number }>;
  /** Cuts a piece out of it; with the same `idempotencyKey` once, however often it is sent. */
  clip(
    recordingId: string,
    body: paths['/recordings/{recordingId}/clips']['post']['requestBody']['content']['application/json'],
    idempotencyKey?: string,
  ): Promise<Clip>;
  /** All parts of a recording that has ended as one file; asked for again it is the same one. */
  join(recordingId: string): Promise<Clip>;
  clipOf(recordingId: string, clipId: string): Promise<Clip>;
  /** What was cut out of it, and joined. */
  clips(recordingId: string): Promise<Clip[]>;
  /** With its file in the library. */
  removeClip(recordingId: string, clipId: string): Promise<void>;
  /** Forgets a recording that has ended; with `records` its files in the library too, and those of its clips. */
  remove(
    recordingId: string,
    options?: { records?: boolean },
  ): Promise<{ deletedRecords: number; deletedClips: number }>;
}

/** @throws ApiError of each method, for every answer that is not a success */
export function recorderClient(options: ClientOptions): RecorderClient {
  const send = options.fetch ?? ((request: Request) => fetch(request));
  const raw = createFetchClient<paths>({
    baseUrl: options.baseUrl,
    fetch: (request) => send(request),
  });
  raw.use({
    onRequest: ({ request }) => {
      const authorization = options.authorization?.();
      if (authorization !== undefined) request.headers.set('authorization', authorization);
    },
  });
  const byId = (recordingId: string) => ({ params: { path: { recordingId } } });
  return {
    raw,
    health: () => body(raw.GET('/health')),
    status: () => body(raw.GET('/status')),
    streams: () =>
      all(async (page) => {
        const query = { ...page, limit: '100' };
        const { streams, nextToken } = await body(raw.GET('/streams', { params: { query } }));
        return { items: streams, nextToken };
      }),
    streamPage: (query = {}) => body(raw.GET('/streams', { params: { query } })),
    rooms: () =>
      all(async (query) => {
        const page = await body(raw.GET('/rooms', { params: { query } }));
        return { items: page.rooms, nextToken: page.nextToken };
      }),
    room: (room, query = {}) => body(raw.GET('/rooms/{room}', { params: { path: { room }, query } })),
    mergeRoom: (room, request, idempotencyKey) =>
      body(
        raw.POST('/rooms/{room}/merge', {
          body: request,
          params: {
            path: { room },
            ...(idempotencyKey === undefined ? {} : { header: { 'Idempotency-Key': idempotencyKey } }),
          },
        }),
      ),
    merge: (mergeId) => body(raw.GET('/merges/{mergeId}', { params: { path: { mergeId } } })),
    merges: (room) =>
      all(async (page) => {
        const query = { ...page, ...(room === undefined ? {} : { room }) };
        const found = await body(raw.GET('/merges', { params: { query } }));
        return { items: found.merges, nextToken: found.nextToken };
      }),
    cancelMerge: (mergeId) => body(raw.DELETE('/merges/{mergeId}', { params: { path: { mergeId } } })),
    recordings: (query = {}) => body(raw.GET('/recordings', { params: { query } })),
    recording: (recordingId, query = {}) =>
      body(raw.GET('/recordings/{recordingId}', { params: { path: { recordingId }, query } })),
    parts: (recordingId) =>
      all(async (query) => {
        const params = { path: { recordingId }, query };
        const page = await body(raw.GET('/recordings/{recordingId}', { params }));
        return { items: page.parts, nextToken: page.nextToken };
      }),
    events: (recordingId) =>
      all(async (query) => {
        const params = { path: { recordingId }, query };
        const page = await body(raw.GET('/recordings/{recordingId}/events', { params }));
        return { items: page.events, nextToken: page.nextToken };
      }),
    start: (request, idempotencyKey) =>
      body(
        raw.POST('/recordings', {
          body: request,
          params: idempotencyKey === undefined ? {} : { header: { 'Idempotency-Key': idempotencyKey } },
        }),
      ),
    stop: (recordingId) => body(raw.POST('/recordings/{recordingId}/stop', byId(recordingId))),
    rotate: (recordingId) => body(raw.POST('/recordings/{recordingId}/rotate', byId(recordingId))),
    clip: (recordingId, request, idempotencyKey) =>
      body(
        raw.POST('/recordings/{recordingId}/clips', {
          body: request,
          params: {
            path: { recordingId },
            ...(idempotencyKey === undefined ? {} : { header: { 'Idempotency-Key': idempotencyKey } }),
          },
        }),
      ),
    join: (recordingId) => body(raw.POST('/recordings/{recordingId}/join', byId(recordingId))),
    clipOf: (recordingId, clipId) =>
      body(
        raw.GET('/recordings/{recordingId}/clips/{clipId}', { params: { path: { recordingId, clipId } } }),
      ),
    clips: (recordingId) =>
      all(async (query) => {
        const params = { path: { recordingId }, query };
        const page = await body(raw.GET('/recordings/{recordingId}/clips', { params }));
        return { items: page.clips, nextToken: page.nextToken };
      }),
    async removeClip(recordingId, clipId) {
      const params = { path: { recordingId, clipId } };
      await body(raw.DELETE('/recordings/{recordingId}/clips/{clipId}', { params }));
    },
    async remove(recordingId, { records = false } = {}) {
      const params = { path: { recordingId }, query: records ? { records: 'true' as const } : {} };
      for (let deletedRecords = 0, deletedClips = 0; ; ) {
        const done = await body(raw.DELETE('/recordings/{recordingId}', { params }));
        deletedRecords += done.deletedRecords;
        deletedClips += done.deletedClips;
        if (done.remainingParts === 0) return { deletedRecords, deletedClips };
      }
    },
  };
}

/** What all pages of a list hold. */
async function all<T>(
  read: (query: { nextToken?: string }) => Promise<{ items: T[]; nextToken: string | undefined }>,
): Promise<T[]> {
  const found: T[] = [];
  for (let query = {}; ; ) {
    const { items, nextToken } = await read(query);
    found.push(...items);
    if (nextToken === undefined) return found;
    query = { nextToken };
  }
}

async function body<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let answer: Awaited<typeof asked>;
  try {
    answer = await asked;
  } catch (cause) {
    if (cause instanceof SyntaxError)
      throw new ApiError('What answers there is not this API: it is no JSON.', {
        status: 0,
        code: 'not_understood',
        cause,
      });
    throw new ApiError('The API does not answer.', { status: 0, code: 'unreachable', cause });
  }
  const { data, error, response } = answer;
  if (response.ok && data !== undefined) return data;
  throw answeredError(error, response.status);
}

/** API Gateway's own answers (`{"message"}`) and what a proxy says have not the API's form. */
function answeredError(answered: unknown, status: number): ApiError {
  const { error } = (answered ?? {}) as {
    error?: { code?: string; message?: string; field?: string; requestId?: string };
  };
  const { message = `The answer was ${status}.`, code = 'unknown', field, requestId } = error ?? {};
  return new ApiError(message, {
    status,
    code,
    ...(field === undefined ? {} : { field }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}
