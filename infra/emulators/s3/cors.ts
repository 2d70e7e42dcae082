/** A rule of a bucket's CORS configuration, as PutBucketCors takes it; patterns have one `*` at most. */
export interface CorsRule {
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly exposedHeaders: readonly string[];
  readonly maxAgeSeconds: number;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const VARY = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method';

/** Headers for a page of another origin; none where no rule lets it in, or nobody asks. */
export function corsHeaders(
  rules: readonly CorsRule[],
  method: string,
  headers: Headers,
): Readonly<Record<string, string>> {
  const origin = textOf(headers.origin);
  if (origin === undefined) return {};
  const isPreflight = method === 'OPTIONS';
  const asked = isPreflight ? textOf(headers['access-control-request-method']) : method;
  const wanted = (textOf(headers['access-control-request-headers']) ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  const rule = rules.find(
    ({ allowedOrigins, allowedMethods, allowedHeaders }) =>
      allowedOrigins.some((pattern) => matches(pattern, origin)) &&
      allowedMethods.includes(asked ?? '') &&
      (!isPreflight ||
        wanted.every((name) => allowedHeaders.some((pattern) => matches(pattern.toLowerCase(), name)))),
  );
  if (rule === undefined) return {};
  return {
    'access-control-allow-origin': rule.allowedOrigins.includes('*') ? '*' : origin,
    'access-control-allow-methods': rule.allowedMethods.join(', '),
    'access-control-expose-headers': rule.exposedHeaders.join(', '),
    ...(isPreflight && wanted.length > 0 ? { 'access-control-allow-headers': wanted.join(', ') } : {}),
    ...(isPreflight ? { 'access-control-max-age': String(rule.maxAgeSeconds) } : {}),
    vary: VARY,
  };
}

function matches(pattern: string, text: string): boolean {
  const [before = '', after] = pattern.split('*');
  if (after === undefined) return text === before;
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
}

function textOf(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
