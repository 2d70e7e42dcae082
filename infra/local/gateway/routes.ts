/** A route of an HTTP API: `/streams/{mediaSessionId}`. Greedy parameters and ANY are not used by the deployment. */
export interface Routed {
  readonly method: string;
  readonly path: string;
}

export interface RouteMatch<Route> {
  readonly route: Route;
  /** Decoded. */
  readonly pathParameters: Readonly<Record<string, string>>;
}

/**
 * The route that API Gateway picks: the method must be the same, and a fixed segment goes before a parameter.
 * @param rawPath still percent-encoded, so that an encoded slash stays inside its segment
 */
export function matchRoute<Route extends Routed>(
  routes: readonly Route[],
  method: string,
  rawPath: string,
): RouteMatch<Route> | undefined {
  const segments = rawPath.split('/');
  const matches = routes
    .filter((route) => route.method === method)
    .map((route) => ({ route, pattern: route.path.split('/') }))
    .filter(({ pattern }) => pattern.length === segments.length && pattern.every(fits))
    .sort((a, b) => fixedFirst(a.pattern, b.pattern));
  const best = matches[0];
  if (best === undefined) return undefined;
  const parameters = best.pattern.flatMap((piece, i) =>
    isParameter(piece) ? [[piece.slice(1, -1), decodeURIComponent(segments[i] ?? '')]] : [],
  );
  return { route: best.route, pathParameters: Object.fromEntries(parameters) };

  function fits(piece: string, i: number): boolean {
    const segment = segments[i] ?? '';
    return isParameter(piece) ? segment !== '' : piece === decodeURIComponent(segment);
  }
}

const isParameter = (piece: string): boolean => piece.startsWith('{');

/** Compares at the first segment where one pattern is fixed and the other is not. */
function fixedFirst(a: readonly string[], b: readonly string[]): number {
  for (const [i, piece] of a.entries()) {
    const difference = Number(isParameter(piece)) - Number(isParameter(b[i] ?? ''));
    if (difference !== 0) return difference;
  }
  return 0;
}
