import { notImplemented, S3Error } from './errors.ts';
import { header, type S3Request } from './request.ts';

/** @throws S3Error InvalidArgument, NotImplemented */
export function copySourceOf(request: S3Request): { bucket: string; key: string } {
  const text = header(request, 'x-amz-copy-source') ?? '';
  const mark = text.search(/\?versionId=/);
  if (mark !== -1) throw notImplemented('A versionId in x-amz-copy-source', { Header: 'x-amz-copy-source' });
  if (text.startsWith('arn:')) throw notImplemented('An ARN as copy source', { Header: 'x-amz-copy-source' });
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw invalidSource('Copy Source must be URL-encoded', text);
  }
  const match = /^\/?([^/]+)\/(.+)$/s.exec(decoded);
  const [, bucket, key] = match ?? [];
  if (bucket === undefined || key === undefined)
    throw invalidSource('Copy Source must mention the source bucket and key: sourcebucket/sourcekey', text);
  return { bucket, key };
}

function invalidSource(message: string, value: string): S3Error {
  return new S3Error('InvalidArgument', message, {
    ArgumentName: 'x-amz-copy-source',
    ArgumentValue: value,
  });
}
