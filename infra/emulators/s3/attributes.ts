import { S3Error } from './errors.ts';
import { type ObjectAttributes, STORED_HEADERS, type StoredHeader, type Tag } from './records.ts';
import { header, queryValue, type S3Request } from './request.ts';

/** What comes with an object: stored headers, user metadata, tags. */

const METADATA_PREFIX = 'x-amz-meta-';
const MAX_METADATA_BYTES = 2048;
const MAX_TAGS = 10;
const DEFAULT_CONTENT_TYPE = 'binary/octet-stream';

/** `x-amz-` headers that `readAttributes` understands. */
export const ATTRIBUTE_HEADERS = [METADATA_PREFIX, 'x-amz-tagging', 'x-amz-storage-class'];

/** @throws S3Error MetadataTooLarge, InvalidTag, InvalidArgument */
export function readAttributes(request: S3Request): ObjectAttributes {
  return { headers: readStoredHeaders(request), metadata: readMetadata(request), tags: readTags(request) };
}

export function readStoredHeaders(request: S3Request): ObjectAttributes['headers'] {
  const headers: Partial<Record<StoredHeader, string>> = { 'content-type': DEFAULT_CONTENT_TYPE };
  for (const name of STORED_HEADERS) {
    const value = header(request, name);
    if (value !== undefined && value !== '') headers[name] = value;
  }
  const encodings = (headers['content-encoding'] ?? '')
    .split(',')
    .map((encoding) => encoding.trim())
    // How the body came, not what it is.
    .filter((encoding) => encoding !== '' && encoding !== 'aws-chunked');
  delete headers['content-encoding'];
  if (encodings.length > 0) headers['content-encoding'] = encodings.join(',');
  return headers;
}

export function readMetadata(request: S3Request): Record<string, string> {
  const metadata: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of request.headers) {
    if (!name.startsWith(METADATA_PREFIX)) continue;
    const key = name.slice(METADATA_PREFIX.length);
    metadata[key] = value;
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > MAX_METADATA_BYTES)
    throw new S3Error('MetadataTooLarge', undefined, { Size: bytes, MaxSizeAllowed: MAX_METADATA_BYTES });
  return metadata;
}

/** Of the `x-amz-tagging` header, which is encoded as a query string. */
export function readTags(request: S3Request): readonly Tag[] {
  const text = header(request, 'x-amz-tagging');
  if (text === undefined || text === '') return [];
  return checkTags([...new URLSearchParams(text)].map(([key, value]) => ({ key, value })));
}

/** @throws S3Error InvalidTag, BadRequest */
export function checkTags(tags: readonly Tag[]): readonly Tag[] {
  if (tags.length > MAX_TAGS) throw new S3Error('BadRequest');
  for (const { key, value } of tags) {
    if (!isTagText(key) || key.length < 1 || key.length > 128 || key.startsWith('aws:'))
      throw new S3Error('InvalidTag', 'The TagKey you have provided is invalid', { TagKey: key });
    if (!isTagText(value) || value.length > 256)
      throw new S3Error('InvalidTag', 'The TagValue you have provided is invalid', { TagValue: value });
  }
  if (new Set(tags.map((tag) => tag.key)).size < tags.length)
    throw new S3Error('InvalidTag', 'Cannot provide multiple Tags with the same key');
  return tags;
}

function isTagText(text: string): boolean {
  return /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(text);
}

/** What a read answers of them; `response-` parameters of a read override stored headers. */
export function attributeHeaders(attributes: ObjectAttributes, request?: S3Request): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of STORED_HEADERS) {
    const override = request === undefined ? undefined : queryValue(request, `response-${name}`);
    const value = override ?? attributes.headers[name];
    if (value !== undefined) headers[name] = headerText(value);
  }
  for (const [key, value] of Object.entries(attributes.metadata))
    headers[`${METADATA_PREFIX}${key}`] = metadataText(value);
  if (attributes.tags.length > 0) headers['x-amz-tagging-count'] = String(attributes.tags.length);
  return headers;
}

export const RESPONSE_PARAMETERS = STORED_HEADERS.map((name) => `response-${name}`);

/** Header values are bytes; Node takes them as Latin-1. */
function headerText(value: string): string {
  return Buffer.from(value.replace(/[\r\n]/g, ' '), 'utf8').toString('latin1');
}

/** S3 answers with RFC 2047 where a value is not ASCII. */
function metadataText(value: string): string {
  if (/^[\x20-\x7e\t]*$/.test(value)) return value;
  return `=?UTF-8?B?${Buffer.from(value, 'utf8').toString('base64')}?=`;
}
