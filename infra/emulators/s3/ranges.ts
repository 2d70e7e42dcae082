import { notImplemented, S3Error } from './errors.ts';

/** A piece of an object, in bytes. */
export interface ByteRange {
  readonly firstByte: number;
  readonly bytes: number;
}

/**
 * A `Range` header; undefined when it is absent or not well-formed, which means the whole object (RFC 9110).
 *
 * @throws S3Error InvalidRange when nothing of the object is in it, NotImplemented for several ranges
 */
export function parseRange(text: string | undefined, objectBytes: number): ByteRange | undefined {
  if (text === undefined || !/^bytes=/i.test(text)) return undefined;
  const spec = text.slice('bytes='.length).trim();
  if (spec.includes(',')) throw notImplemented('A Range header with several ranges', { Header: 'Range' });
  const match = /^(\d*)-(\d*)$/.exec(spec);
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return undefined;
  const invalid = new S3Error('InvalidRange', undefined, {
    RangeRequested: text,
    ActualObjectSize: objectBytes,
  });
  if (first === '') {
    const bytes = Math.min(Number(last), objectBytes);
    if (bytes === 0) throw invalid;
    return { firstByte: objectBytes - bytes, bytes };
  }
  const firstByte = Number(first);
  const lastByte = last === '' ? objectBytes - 1 : Math.min(Number(last), objectBytes - 1);
  if (last !== '' && Number(last) < firstByte) return undefined;
  if (firstByte >= objectBytes) throw invalid;
  return { firstByte, bytes: lastByte - firstByte + 1 };
}

/**
 * `x-amz-copy-source-range`: both ends named, both inside of the source.
 *
 * @throws S3Error InvalidArgument
 */
export function parseCopyRange(text: string, sourceBytes: number): ByteRange {
  const match = /^bytes=(\d+)-(\d+)$/.exec(text);
  const firstByte = Number(match?.[1]);
  const lastByte = Number(match?.[2]);
  if (match === null || lastByte < firstByte)
    throw new S3Error(
      'InvalidArgument',
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: text },
    );
  if (lastByte >= sourceBytes)
    throw new S3Error(
      'InvalidArgument',
      `Range specified is not valid for source object of size: ${sourceBytes}`,
      { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: text },
    );
  return { firstByte, bytes: lastByte - firstByte + 1 };
}
