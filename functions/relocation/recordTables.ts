import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { ReadCut, Tables } from '../core/media/clip/choice.ts';
import type { TrackCut } from '../core/media/clip/trackCut.ts';
import type { ByteRange, TableName } from '../core/media/fragmentIndex/samples.ts';
import type { MovedPart } from '../core/state/partObjects.ts';

/** A record in the library. */
export type RecordSource = Pick<MovedPart, 'bucket' | 'key' | 'versionId' | 'etag'>;

/** What is no object by itself: it can be read, and not copied. */
export interface ReadSource {
  readonly read: (range: ByteRange) => Buffer;
}
export type MediaSource = RecordSource | ReadSource;
export const canCopy = (source: MediaSource): source is RecordSource => !('read' in source);

/** The tables of a short record lie together: one request for all of them. */
const READ_TOGETHER_BYTES = 1024 * 1024;
const NAMES: readonly TableName[] = ['durations', 'offsets', 'syncSamples', 'sizes'];
const NOTHING = Buffer.alloc(0);

/** What a record's tables say of these cuts. @throws S3's faults: 404 and 412 where it is not the one that was recorded */
export async function readTables(
  s3: S3Client,
  record: MediaSource,
  cuts: readonly TrackCut[],
): Promise<ReadCut[]> {
  const wanted = cuts.flatMap(({ ranges }) => NAMES.map((name) => ranges[name])).filter(isSome);
  const fromByte = Math.min(...wanted.map((range) => range.fromByte));
  const endByte = Math.max(...wanted.map((range) => range.endByte));
  const together =
    wanted.length > 0 && endByte - fromByte <= READ_TOGETHER_BYTES
      ? await readRange(s3, record, { fromByte, endByte })
      : undefined;
  const read = async (range: ByteRange): Promise<Buffer> => {
    if (!isSome(range)) return NOTHING;
    return (
      together?.subarray(range.fromByte - fromByte, range.endByte - fromByte) ?? readRange(s3, record, range)
    );
  };
  return Promise.all(
    cuts.map(async (cut) => {
      const found = await Promise.all(NAMES.map((name) => read(cut.ranges[name])));
      return { cut, tables: Object.fromEntries(NAMES.map((name, at) => [name, found[at]])) as Tables };
    }),
  );
}

/** @throws S3's faults */
export async function readRange(
  s3: S3Client,
  source: MediaSource,
  { fromByte, endByte }: ByteRange,
): Promise<Buffer> {
  if (!canCopy(source)) return source.read({ fromByte, endByte });
  const { bucket, key, versionId, etag } = source;
  const answer = await s3.send(
    new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      VersionId: versionId,
      IfMatch: etag,
      Range: `bytes=${fromByte}-${endByte - 1}`,
    }),
  );
  return Buffer.from((await answer.Body?.transformToByteArray()) ?? NOTHING);
}

const isSome = ({ fromByte, endByte }: ByteRange): boolean => endByte > fromByte;
