import type { Right } from '../shared/policy.ts';
import type { Checksum } from './checksums.ts';
import { checksumHeader } from './checksums.ts';
import { S3Error } from './errors.ts';
import type { ObjectChange } from './notifications.ts';
import type { Payload } from './payload.ts';
import type { StoredObject } from './records.ts';
import type { S3Request } from './request.ts';
import type { OperationName } from './rights.ts';
import type { Store } from './store.ts';
import { toXml, type XmlContent } from './xml.ts';

/** What an operation works with. */
export interface Context {
  readonly request: S3Request;
  readonly payload: Payload;
  readonly store: Store;
  readonly region: string;
  /** Of all parts of an upload but its last one. */
  readonly partMinBytes: number;
  /** Whole seconds, as S3 stamps objects. */
  readonly nowMs: () => number;
  /** Called after a commit; awaits nothing. */
  readonly notify: (change: ObjectChange) => void;
  /** @throws S3Error AccessDenied unless whoever asks has these rights */
  readonly authorize: (rights: readonly Right[]) => void;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | AnswerStream;
}

export interface AnswerStream {
  readonly bytes: number;
  /** Not called for HEAD. */
  open(): AsyncIterable<Buffer>;
  /** Called once, when the answer has ended or was broken off. */
  release(): void;
}

/** One S3 operation and what it may be asked; anything else is answered with NotImplemented. */
export interface Operation {
  readonly name: OperationName;
  /** Changes nothing: a connection reset in mid-body is one of the answer. */
  readonly reads: boolean;
  /** Query parameters that it knows. */
  readonly parameters?: readonly string[];
  /** `x-amz-` and `if-` headers that it knows; a name that ends in `-` stands for all that begin so. */
  readonly headers?: readonly string[];
  /** Reads `payload` itself; otherwise the server has read, and verified, what little there is. */
  readonly takesBody?: true;
  /** The `x-amz-checksum-` headers speak of the object, not of the request's body. */
  readonly checksumIsOfObject?: true;
  run(context: Context): Answer | Promise<Answer>;
}

export function xmlAnswer(root: string, content: XmlContent, headers: Record<string, string> = {}): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml', ...headers },
    body: toXml(root, content),
  };
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}

export function isoDate(ms: number): string {
  return new Date(ms).toISOString();
}

export function checksumHeaders(checksum: Checksum): Record<string, string> {
  return { [checksumHeader(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type };
}

/** S3's limit for one PUT, one part, one copy: 5 GiB. */
export const MAX_PUT_BYTES = 5 * 1024 ** 3;

/** @throws S3Error EntityTooLarge */
export function refuseTooLarge(bytes: number): void {
  if (bytes > MAX_PUT_BYTES)
    throw new S3Error('EntityTooLarge', undefined, { ProposedSize: bytes, MaxSizeAllowed: MAX_PUT_BYTES });
}

/** The condition is checked and the object stored in one step. */
export function commitObject(
  context: Context,
  object: StoredObject,
  condition: (existing: StoredObject | undefined) => void,
  eventName: string,
): void {
  const { store, request } = context;
  condition(store.bucket(request.bucket).objects.get(request.key));
  const sequence = store.commit({ type: 'put', bucket: request.bucket, key: request.key, object });
  context.notify({ eventName, bucket: request.bucket, key: request.key, sequence, object });
}
