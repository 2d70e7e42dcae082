import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  type CompleteMultipartUploadCommandOutput,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  UploadPartCommand,
  type UploadPartCommandInput,
  type UploadPartCommandOutput,
} from '@aws-sdk/client-s3';
import { type ContractEndpoint, present } from './support.ts';

/** A multipart upload, step by step. */
export class TestUpload {
  readonly endpoint: ContractEndpoint;
  readonly key: string;
  readonly uploadId: string;

  private constructor(endpoint: ContractEndpoint, key: string, uploadId: string) {
    this.endpoint = endpoint;
    this.key = key;
    this.uploadId = uploadId;
  }

  static async create(
    endpoint: ContractEndpoint,
    Key = endpoint.key(),
    input: Partial<CreateMultipartUploadCommandInput> = {},
  ): Promise<TestUpload> {
    const { UploadId } = await endpoint.client.send(
      new CreateMultipartUploadCommand({ Bucket: endpoint.bucket, Key, ...input }),
    );
    return new TestUpload(endpoint, Key, present(UploadId));
  }

  part(
    PartNumber: number,
    Body: string | Uint8Array,
    input: Partial<UploadPartCommandInput> = {},
  ): Promise<UploadPartCommandOutput> {
    return this.endpoint.client.send(
      new UploadPartCommand({ ...this.target, PartNumber, Body: Buffer.from(Body), ...input }),
    );
  }

  complete(
    parts: readonly CompletedPart[],
    input: Partial<CompleteMultipartUploadCommandInput> = {},
  ): Promise<CompleteMultipartUploadCommandOutput> {
    return this.endpoint.client.send(
      new CompleteMultipartUploadCommand({
        ...this.target,
        MultipartUpload: { Parts: [...parts] },
        ...input,
      }),
    );
  }

  get target() {
    return { Bucket: this.endpoint.bucket, Key: this.key, UploadId: this.uploadId };
  }
}

/** A part as the list of CompleteMultipartUpload wants it, with whatever checksum was answered. */
export function listed(PartNumber: number, answer: UploadPartCommandOutput): CompletedPart {
  const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 } = answer;
  return {
    PartNumber,
    ETag: present(ETag),
    ...(ChecksumCRC32 !== undefined && { ChecksumCRC32 }),
    ...(ChecksumCRC32C !== undefined && { ChecksumCRC32C }),
    ...(ChecksumCRC64NVME !== undefined && { ChecksumCRC64NVME }),
    ...(ChecksumSHA1 !== undefined && { ChecksumSHA1 }),
    ...(ChecksumSHA256 !== undefined && { ChecksumSHA256 }),
  };
}

/** Uploads parts 1, 2, … and completes. */
export async function completedUpload(
  endpoint: ContractEndpoint,
  key: string,
  parts: readonly Uint8Array[],
  input: Partial<CreateMultipartUploadCommandInput> = {},
): Promise<CompleteMultipartUploadCommandOutput> {
  const upload = await TestUpload.create(endpoint, key, input);
  const { ChecksumAlgorithm } = input;
  const list = await Promise.all(
    parts.map(async (bytes, index) =>
      listed(
        index + 1,
        await upload.part(index + 1, bytes, ChecksumAlgorithm === undefined ? {} : { ChecksumAlgorithm }),
      ),
    ),
  );
  return upload.complete(list);
}
