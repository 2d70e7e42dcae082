import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { UploadedPart } from '../../functions/core/state/partObjects.ts';
import { crc32ToBase64 } from '../../functions/core/upload/crc32.ts';
import { crc32OfParts, describePart } from '../../functions/core/upload/uploadedParts.ts';
import { type Check, holds } from './check.ts';
import type { VerifyContext } from './context.ts';
import { isRefused, probePrefix, refusalOf } from './storage.ts';

/** The smallest that a part may be that is not the last. */
const PART_BYTES = 5 * 1024 * 1024;

/** What recorders, rescue, moves and clips rely on. */
export function multipartChecks({ s3, deployment, runId, undo }: VerifyContext): Check[] {
  const { landingBucket: landing, libraryBucket: library } = deployment;
  const key = (name: string): string => `${probePrefix(runId)}${name}`;
  const first = Buffer.alloc(PART_BYTES, 'a');
  const last = Buffer.from('verify');

  async function begin(bucket: string, name: string) {
    const where = { Bucket: bucket, Key: key(name) };
    const { UploadId } = await s3.send(
      new CreateMultipartUploadCommand({ ...where, ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' }),
    );
    const upload = { ...where, UploadId };
    // Aborting what was completed is refused, and nothing is left of it.
    undo.later(`the upload of ${name}`, async () => {
      await s3.send(new AbortMultipartUploadCommand(upload)).catch((error: unknown) => {
        if (!(error instanceof Error && error.name === 'NoSuchUpload')) throw error;
      });
    });
    return upload;
  }
  type Upload = Awaited<ReturnType<typeof begin>>;

  async function send(upload: Upload, partNumber: number, body: Buffer): Promise<UploadedPart> {
    const part = describePart(partNumber, body);
    const { ETag } = await s3.send(
      new UploadPartCommand({ ...upload, PartNumber: partNumber, Body: body, ChecksumCRC32: part.crc32 }),
    );
    return { ...part, etag: ETag ?? '' };
  }

  const complete = (upload: Upload, parts: readonly UploadedPart[], crc: string) =>
    s3.send(
      new CompleteMultipartUploadCommand({
        ...upload,
        IfNoneMatch: '*',
        ChecksumCRC32: crc,
        ChecksumType: 'FULL_OBJECT',
        MpuObjectSize: parts.reduce((sum, { bytes }) => sum + bytes, 0),
        MultipartUpload: {
          Parts: parts.map(({ partNumber, etag, crc32: ChecksumCRC32 }) => ({
            PartNumber: partNumber,
            ETag: etag,
            ChecksumCRC32,
          })),
        },
      }),
    );

  const whole = crc32ToBase64(crc32(last, crc32(first)));
  const crcOf = async (bucket: string, name: string): Promise<string | undefined> => {
    const where = { Bucket: bucket, Key: key(name) };
    return (await s3.send(new HeadObjectCommand({ ...where, ChecksumMode: 'ENABLED' }))).ChecksumCRC32;
  };

  return [
    {
      claim: 'parts that were uploaded last count, and the CRC-32 of the whole is that of its bytes',
      run: async () => {
        const upload = await begin(landing, 'parts');
        await send(upload, 1, Buffer.alloc(PART_BYTES + 1, 'b'));
        const parts = [await send(upload, 1, first), await send(upload, 2, last)];
        holds(crc32OfParts(parts) === whole, 'CRC-32 of parts are put together wrongly');
        const listed = await s3.send(new ListPartsCommand(upload));
        const sizes = (listed.Parts ?? []).map(({ Size }) => Size).join(',');
        holds(sizes === `${PART_BYTES},${last.length}`, `its parts have ${sizes} bytes`);
        await complete(upload, parts, whole);
        const seen = await crcOf(landing, 'parts');
        holds(seen === whole, `its CRC-32 is ${seen}, and not ${whole}`);
        return undefined;
      },
    },
    {
      claim: 'an upload is not completed over an object, nor with another CRC-32',
      run: async () => {
        const wrong = await begin(landing, 'wrong');
        const parts = [await send(wrong, 1, last)];
        const seen = await refusalOf(complete(wrong, parts, whole));
        holds(seen.startsWith('400 '), `another CRC-32 is answered ${seen}, and not 400`);
        const taken = await begin(landing, 'parts');
        const again = [await send(taken, 1, last)];
        await isRefused(
          'a taken key',
          '412 PreconditionFailed',
          complete(taken, again, crc32ToBase64(crc32(last))),
        );
        return undefined;
      },
    },
    {
      claim: 'what was aborted cannot be written to or completed (the fence of a rescue)',
      run: async () => {
        const upload = await begin(landing, 'fenced');
        const part = await send(upload, 1, last);
        await s3.send(new AbortMultipartUploadCommand(upload));
        await isRefused('a part', '404 NoSuchUpload', send(upload, 2, last));
        await isRefused('its completion', '404 NoSuchUpload', complete(upload, [part], part.crc32));
        return undefined;
      },
    },
    {
      claim: 'parts that are copied have a CRC-32 each, and the whole has that of its bytes',
      run: async () => {
        const upload = await begin(library, 'copied');
        const copied: UploadedPart[] = [];
        for (const [index, { from, bytes }] of [
          { from: 0, bytes: first.length },
          { from: first.length, bytes: last.length },
        ].entries()) {
          const { CopyPartResult } = await s3.send(
            new UploadPartCopyCommand({
              ...upload,
              PartNumber: index + 1,
              CopySource: encodeURIComponent(`${landing}/${key('parts')}`),
              CopySourceRange: `bytes=${from}-${from + bytes - 1}`,
            }),
          );
          const { ETag = '', ChecksumCRC32 } = CopyPartResult ?? {};
          holds(ChecksumCRC32 !== undefined, `part ${index + 1} came without a CRC-32`);
          copied.push({ partNumber: index + 1, bytes, etag: ETag, crc32: ChecksumCRC32 ?? '' });
        }
        holds(
          crc32OfParts(copied) === whole,
          `its parts have ${copied.map((part) => part.crc32).join(', ')}`,
        );
        await complete(upload, copied, whole);
        const seen = await crcOf(library, 'copied');
        holds(seen === whole, `its CRC-32 is ${seen}, and not ${whole}`);
        return undefined;
      },
    },
  ];
}
