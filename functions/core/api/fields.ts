import * as z from 'zod/mini';

/** What fields of requests are made of. */
const TIME_RULE = 'must be a time such as 2026-01-31T12:00:00Z';

/** ISO 8601. */
export const time = z.string().check(
  z.maxLength(40),
  z.regex(/^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/, TIME_RULE),
  z.refine((text) => !Number.isNaN(Date.parse(text)), TIME_RULE),
);
export const room = z.string().check(z.minLength(1), z.maxLength(1024));
/** Of a page: how many. */
export const limit = z.string().check(z.regex(/^([1-9]\d?|100)$/, 'must be from 1 to 100'));
/** Of a page before it. */
export const token = z.string().check(z.minLength(1), z.maxLength(2048));
/** Of a new file, without extension. */
export const newFileName = z.string().check(z.minLength(1), z.maxLength(1024));

/**
 * A hundred of each stay below Lambda's 6 MB, which is the longest page of a list. Names of records are trimmed long before
 * (docs/names.md).
 */
export const streamName = z.string().check(z.minLength(1), z.maxLength(8_192));
export const sourceUrl = z.string().check(z.minLength(1), z.maxLength(8_192));
