import { notImplemented, S3Error } from './errors.ts';
import type { StoredObject } from './records.ts';
import { header, type S3Request } from './request.ts';

/** If-Match and its kin, on reads, on copy sources, on writes and on deletions. */

export const READ_CONDITIONS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];
export const WRITE_CONDITIONS = ['if-match', 'if-none-match'];
export const SOURCE_CONDITIONS = READ_CONDITIONS.map((name) => `x-amz-copy-source-${name}`);

function failed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', undefined, { Condition: condition });
}

/** @param value an entity tag with or without quotes, or several, or `*` */
function matches(value: string, etag: string): boolean {
  return value
    .split(',')
    .map((tag) => unquoted(tag.trim()))
    .some((tag) => tag === '*' || tag === etag);
}

export function unquoted(etag: string): string {
  return etag.replace(/^"(.*)"$/, '$1');
}

/**
 * RFC 9110's order: If-Match goes before If-Unmodified-Since, If-None-Match before If-Modified-Since.
 *
 * @returns whether to answer 304
 * @throws S3Error PreconditionFailed
 */
export function checkRead(request: S3Request, object: StoredObject): { notModified: boolean } {
  const { ifMatch, ifNoneMatch, modifiedSince, unmodifiedSince } = readConditions(request, '');
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, object.etag)) throw failed('If-Match');
  } else if (unmodifiedSince !== undefined && object.lastModifiedMs > unmodifiedSince)
    throw failed('If-Unmodified-Since');
  if (ifNoneMatch !== undefined) return { notModified: matches(ifNoneMatch, object.etag) };
  return { notModified: modifiedSince !== undefined && object.lastModifiedMs <= modifiedSince };
}

/** @throws S3Error PreconditionFailed */
export function checkSource(request: S3Request, object: StoredObject): void {
  const prefix = 'x-amz-copy-source-';
  const { ifMatch, ifNoneMatch, modifiedSince, unmodifiedSince } = readConditions(request, prefix);
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, object.etag)) throw failed(`${prefix}If-Match`);
  } else if (unmodifiedSince !== undefined && object.lastModifiedMs > unmodifiedSince)
    throw failed(`${prefix}If-Unmodified-Since`);
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, object.etag)) throw failed(`${prefix}If-None-Match`);
  } else if (modifiedSince !== undefined && object.lastModifiedMs <= modifiedSince)
    throw failed(`${prefix}If-Modified-Since`);
}

function readConditions(request: S3Request, prefix: string) {
  return {
    ifMatch: header(request, `${prefix}if-match`),
    ifNoneMatch: header(request, `${prefix}if-none-match`),
    modifiedSince: dateHeader(request, `${prefix}if-modified-since`),
    unmodifiedSince: dateHeader(request, `${prefix}if-unmodified-since`),
  };
}

/** A date that cannot be read counts as not there (RFC 9110). */
function dateHeader(request: S3Request, name: string): number | undefined {
  const ms = Date.parse(header(request, name) ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * What a write asks of the object that it would replace. Call it and commit without awaiting anything in between.
 *
 * @throws S3Error NotImplemented for forms that S3 does not take
 * @returns throws PreconditionFailed, or NoSuchKey for If-Match where there is nothing
 */
export function writeCondition(request: S3Request): (existing: StoredObject | undefined) => void {
  const ifMatch = header(request, 'if-match');
  const ifNoneMatch = header(request, 'if-none-match');
  if (ifMatch !== undefined && ifNoneMatch !== undefined)
    throw notImplemented('If-Match together with If-None-Match on a write', { Header: 'If-Match' });
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw notImplemented('If-None-Match with anything but * on a write', { Header: 'If-None-Match' });
  if (ifMatch === '*') throw notImplemented('If-Match with * on a write', { Header: 'If-Match' });
  return (existing) => {
    if (ifNoneMatch !== undefined && existing !== undefined) throw failed('If-None-Match');
    if (ifMatch === undefined) return;
    if (existing === undefined) throw new S3Error('NoSuchKey', undefined, { Key: request.key });
    if (unquoted(ifMatch) !== existing.etag) throw failed('If-Match');
  };
}

/**
 * @param ifMatch an entity tag, or `*` for any object
 * @throws S3Error PreconditionFailed, or NoSuchKey where there is nothing
 */
export function checkDelete(
  ifMatch: string | undefined,
  existing: StoredObject | undefined,
  key: string,
): void {
  if (ifMatch === undefined) return;
  if (existing === undefined) throw new S3Error('NoSuchKey', undefined, { Key: key });
  if (ifMatch !== '*' && unquoted(ifMatch) !== existing.etag) throw failed('If-Match');
}
