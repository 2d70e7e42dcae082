/** All routes of the HTTP API, with the function (file below functions/) that answers each. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As API Gateway's HTTP API writes it: `/recordings/{recordingId}`. */
  readonly path: string;
  readonly function: string;
}

export const ROUTES = [
  { method: 'POST', path: '/rest-api/stream/startRecording', function: 'startRecording' },
  { method: 'POST', path: '/rest-api/stream/stopRecording', function: 'stopRecording' },
  { method: 'GET', path: '/recordings/{recordingId}', function: 'getRecording' },
  { method: 'POST', path: '/recordings/previewName', function: 'previewName' },
  { method: 'PUT', path: '/streams/{mediaSessionId}', function: 'putStream' },
  { method: 'DELETE', path: '/streams/{mediaSessionId}', function: 'deleteStream' },
] as const satisfies readonly Route[];

/** The methods that some route has for this path; empty where the path is unknown. */
export function methodsOf(path: string): string[] {
  const segments = path.split('/');
  const matches = ROUTES.filter((route) => {
    const pattern = route.path.split('/');
    return (
      pattern.length === segments.length &&
      pattern.every((piece, i) => (piece.startsWith('{') ? segments[i] !== '' : piece === segments[i]))
    );
  });
  return [...new Set(matches.map((route) => route.method))];
}
