/** A route of an HTTP API: `/streams/{mediaSessionId}`, `/rest-api/{method+}`. ANY is not used by the deployment. */
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
 * The route that API Gateway picks: the method must be the same, and a fixed segment goes before a parameter. It looks
 * at the decoded path, so that an encoded slash parts segments as a plain one does, and decodes a parameter's value once
 * more (docs/aws-facts.md); what cannot be decoded again stays as it is.
 * @param path decoded once
 */
export function matchRoute<Route extends Routed>(
  routes: readonly Route[],
  method: string,
  path: string,
): RouteMatch<Route> | undefined {
  const segments = path.split('/');
  const matches = routes
    .filter((route) => route.method === method)
    .map((route) => ({ route, pattern: route.path.split('/') }))
    .filter(({ pattern }) => hasLength(pattern) && pattern.every(fits))
    .sort((a, b) => fixedFirst(a.pattern, b.pattern));
  const best = matches[0];
  if (best === undefined) return undefined;
  const parameters = best.pattern.flatMap((piece, i) =>
    isParameter(piece)
      ? [[piece.replaceAll(/[{}+]/g, ''), decoded(taken(piece, i)) ?? taken(piece, i)] as const]
      : [],
  );
  return { route: best.route, pathParameters: Object.fromEntries(parameters) };

  function hasLength(pattern: readonly string[]): boolean {
    return isGreedy(pattern.at(-1) ?? '')
      ? segments.length >= pattern.length
      : segments.length === pattern.length;
  }

  function taken(piece: string, i: number): string {
    return isGreedy(piece) ? segments.slice(i).join('/') : (segments[i] ?? '');
  }

  function fits(piece: string, i: number): boolean {
    return isParameter(piece) ? taken(piece, i) !== '' : piece === segments[i];
  }
}

/** Undefined for what is no percent-encoded text. */
export function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** Takes the rest of the path; only the last piece can be one. */
const isGreedy = (piece: string): boolean => piece.endsWith('+}');
const isParameter = (piece: string): boolean => piece.startsWith('{');

/** Compares at the first segment where one pattern is fixed and the other is not, or is greedy and the other is not. */
function fixedFirst(a: readonly string[], b: readonly string[]): number {
  for (const [i, piece] of a.entries()) {
    const difference = openness(piece) - openness(b[i] ?? '');
    if (difference !== 0) return difference;
  }
  return 0;
}

const openness = (piece: string): number => Number(isParameter(piece)) + Number(isGreedy(piece));
