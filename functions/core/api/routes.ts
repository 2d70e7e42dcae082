/** All routes of the HTTP API, with the function (file below functions/) that answers each. */
export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS';
  /** As API Gateway's HTTP API writes it: `/recordings/{recordingId}`; a parameter that ends in `+` takes all the rest. */
  readonly path: string;
  readonly function: string;
  /**
   * `caller`: by the API's authorizer. `hook`: by the secret in the path, or a signature, which the function checks. `link`:
   * by the token in the path, likewise.
   */
  readonly auth: 'caller' | 'hook' | 'link';
}

const caller = { auth: 'caller' } as const;
const hook = { auth: 'hook', function: 'streams' } as const;

export const ROUTES = [
  // WCS's methods. Greedy, since API Gateway has no route key that ends in a slash, and clients send one.
  { method: 'POST', path: '/rest-api/{wcsMethod+}', function: 'wcs', ...caller },
  { method: 'POST', path: '/stream/{wcsMethod+}', function: 'wcs', ...caller },
  { method: 'POST', path: '/recorder/{wcsMethod+}', function: 'wcs', ...caller },
  { method: 'POST', path: '/recordings', function: 'recordings', ...caller },
  { method: 'GET', path: '/recordings', function: 'recordings', ...caller },
  { method: 'POST', path: '/recordings/previewName', function: 'recordings', ...caller },
  { method: 'GET', path: '/recordings/{recordingId}', function: 'recordings', ...caller },
  { method: 'DELETE', path: '/recordings/{recordingId}', function: 'recordings', ...caller },
  { method: 'GET', path: '/recordings/{recordingId}/events', function: 'recordings', ...caller },
  { method: 'POST', path: '/recordings/{recordingId}/stop', function: 'recordings', ...caller },
  { method: 'POST', path: '/recordings/{recordingId}/rotate', function: 'recordings', ...caller },
  { method: 'POST', path: '/recordings/{recordingId}/clips', function: 'clips', ...caller },
  { method: 'GET', path: '/recordings/{recordingId}/clips', function: 'clips', ...caller },
  { method: 'GET', path: '/recordings/{recordingId}/clips/{clipId}', function: 'clips', ...caller },
  { method: 'DELETE', path: '/recordings/{recordingId}/clips/{clipId}', function: 'clips', ...caller },
  { method: 'POST', path: '/recordings/{recordingId}/join', function: 'clips', ...caller },
  { method: 'GET', path: '/rooms', function: 'rooms', ...caller },
  { method: 'GET', path: '/rooms/{room+}', function: 'rooms', ...caller },
  // What is asked of a room, which is the path's last piece: `/rooms/{room}/merge`. A room's name may have slashes.
  { method: 'POST', path: '/rooms/{room+}', function: 'rooms', ...caller },
  { method: 'GET', path: '/merges', function: 'rooms', ...caller },
  { method: 'GET', path: '/merges/{mergeId}', function: 'rooms', ...caller },
  { method: 'DELETE', path: '/merges/{mergeId}', function: 'rooms', ...caller },
  { method: 'GET', path: '/streams', function: 'streams', ...caller },
  // Greedy: API Gateway decodes a path before it picks the route, and ids such as `app/name` have a slash.
  { method: 'GET', path: '/streams/{mediaSessionId+}', function: 'streams', ...caller },
  { method: 'PUT', path: '/streams/{mediaSessionId+}', function: 'streams', ...caller },
  { method: 'DELETE', path: '/streams/{mediaSessionId+}', function: 'streams', ...caller },
  { method: 'GET', path: '/health', function: 'streams', ...caller },
  { method: 'GET', path: '/status', function: 'status', ...caller },
  { method: 'GET', path: '/play/{token}/{file}', function: 'play', auth: 'link' },
  { method: 'HEAD', path: '/play/{token}/{file}', function: 'play', auth: 'link' },
  // Of browsers to which a range is no simple header: elsewhere the authorizer would refuse the question.
  { method: 'OPTIONS', path: '/play/{token}/{file}', function: 'play', auth: 'link' },
  { method: 'GET', path: '/files/{token}/{file}', function: 'play', auth: 'link' },
  { method: 'HEAD', path: '/files/{token}/{file}', function: 'play', auth: 'link' },
  { method: 'OPTIONS', path: '/files/{token}/{file}', function: 'play', auth: 'link' },
  { method: 'POST', path: '/hooks/{secret}/{server}', ...hook },
  { method: 'POST', path: '/hooks/{secret}/wcs/{wcsHook}', ...hook },
] as const satisfies readonly Route[];

type RouteKeyFor<R> = R extends { method: infer M extends string; path: infer P extends string }
  ? `${M} ${P}`
  : never;

/** The route keys that a function answers: `GET /recordings`. */
export type RouteKeyOf<F extends (typeof ROUTES)[number]['function']> = RouteKeyFor<
  Extract<(typeof ROUTES)[number], { function: F }>
>;

/** WCS's methods, each also below `/rest-api`. */
export const WCS_METHODS = [
  '/stream/startRecording',
  '/stream/stopRecording',
  '/stream/find',
  '/stream/find_all',
  '/recorder/startup',
  '/recorder/terminate',
  '/recorder/find_all',
] as const;
export type WcsMethod = (typeof WCS_METHODS)[number];

/** A WCS method's path as in `WCS_METHODS`: without `/rest-api` and without slashes at its end. */
export function wcsMethodPath(path: string): string {
  return path.replace(/^\/rest-api(?=\/)/, '').replace(/\/+$/, '');
}

/** Routes that take whatever WCS's methods may be called: `WCS_METHODS` says which there are. */
const isWcs = ({ path }: Route): boolean => path.endsWith('/{wcsMethod+}');

/** The path as documents write it: `/streams/{mediaSessionId}`, where an id's own slash is one or is encoded. */
export function documentedPath({ method, path }: Pick<Route, 'method' | 'path'>): string {
  const documented = path.replace('+}', '}');
  return method === 'POST' && path === '/rooms/{room+}' ? `${documented}${MERGE_SUFFIX}` : documented;
}

/** Ends the path by which a room is merged. */
export const MERGE_SUFFIX = '/merge';

/** The methods that some route has for this path; empty where the path is unknown. */
export function methodsOf(path: string): string[] {
  if (WCS_METHODS.some((method) => method === wcsMethodPath(path))) return ['POST'];
  const segments = path.split('/');
  const matches = ROUTES.filter((route) => {
    const pattern = route.path.split('/');
    const isGreedy = route.path.endsWith('+}');
    return (
      !isWcs(route) &&
      (isGreedy ? segments.length >= pattern.length : segments.length === pattern.length) &&
      pattern.every((piece, i) => (piece.startsWith('{') ? segments[i] !== '' : piece === segments[i]))
    );
  });
  return [...new Set(matches.map((route) => route.method))];
}
