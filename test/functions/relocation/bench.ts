import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Logger } from '@aws-lambda-powertools/logger';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { EventBus } from '../../../functions/aws/eventBus.ts';
import { sendInSlices } from '../../../functions/aws/slices.ts';
import { StateStore } from '../../../functions/aws/stateStore.ts';
import {
  EVENT_SCHEMAS,
  EVENT_TYPES,
  type RecordAvailable,
} from '../../../functions/core/events/published.ts';
import { jobKey, partKey } from '../../../functions/core/state/keys.ts';
import { type MovedPart, movedPartSchema } from '../../../functions/core/state/partObjects.ts';
import type { LibraryOptions } from '../../../functions/relocation/library.ts';
import type { PlacementLimits } from '../../../functions/relocation/placement.ts';
import { Relocation } from '../../../functions/relocation/relocation.ts';
import { type EventBridgeEvent, startEventsServer } from '../../../infra/emulators/events/server.ts';
import { startS3Server } from '../../../infra/emulators/s3/server.ts';
import { Faults } from '../../../infra/emulators/shared/faults.ts';
import { EVENT_BUS as BUS, REGION } from '../../../infra/local/place.ts';
import { refuseDenials } from '../../support/denials.ts';
import { TestRoles } from '../../support/testRoles.ts';
import { type Landed, type LandOptions, landedPart, START_MS } from './landed.ts';

const CREDENTIALS = { accessKeyId: 'move', secretAccessKey: 'move-secret' };
const PLACE = { region: REGION, credentials: CREDENTIALS };
const LARGE_BYTES = 1024 * 1024;

export interface BenchOptions {
  /** After it the relocation gives up on an answer. */
  readonly requestTimeoutMs?: number;
  readonly limits?: Partial<PlacementLimits>;
  readonly library?: Partial<LibraryOptions>;
  /** Of S3's parts: what is not about their size itself may have small ones. */
  readonly partMinBytes?: number;
}

/** Landing, library and bus by their real protocols, and the relocation under test. */
export class MoveBench {
  /** What was published, in order. */
  readonly events: EventBridgeEvent[] = [];
  /** Names of the calls that the relocation made, in order, such as `CopyObject`. */
  readonly calls: string[] = [];
  /** The same with what each was about, told so that moves of two records can be compared. */
  readonly asked: string[] = [];
  readonly faults: Faults;
  /** Of the test itself: its calls are not counted, and it comes when there are no faults. */
  readonly s3: S3Client;
  readonly store: StateStore;
  /** Makes clips and merges. */
  readonly cut: S3Client;
  readonly relocation: Relocation;
  readonly #roles: TestRoles;
  readonly #urls: { readonly s3: string; readonly events: string };
  /** What a function's environment says, to use these endpoints. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #close: () => Promise<void>;
  #count = 0;
  /** Where large bodies lie. */
  readonly #sent = new WeakMap<Buffer, string>();

  private constructor(
    urls: { s3: string; events: string },
    faults: Faults,
    roles: TestRoles,
    close: () => Promise<void>,
    options: BenchOptions,
  ) {
    this.faults = faults;
    this.#roles = roles;
    this.#urls = urls;
    this.#close = close;
    const own = roles.credentials('relocate');
    const place = { ...PLACE, credentials: own };
    // Journals are written with it, too.
    this.s3 = sendInSlices(new S3Client({ ...PLACE, endpoint: urls.s3, forcePathStyle: true }));
    this.cut = this.client('cut');
    this.store = new StateStore(this.s3, 'landing');
    // Faults are seen: the SDK does not try again by itself.
    const requestHandler =
      options.requestTimeoutMs === undefined
        ? {}
        : { requestHandler: { requestTimeout: options.requestTimeoutMs, throwOnRequestTimeout: true } };
    const s3 = new S3Client({
      ...place,
      endpoint: urls.s3,
      forcePathStyle: true,
      maxAttempts: 1,
      ...requestHandler,
    });
    const bridge = new EventBridgeClient({
      ...place,
      endpoint: urls.events,
      maxAttempts: 1,
      ...requestHandler,
    });
    for (const client of [s3, bridge] as { middlewareStack: S3Client['middlewareStack'] }[]) {
      client.middlewareStack.add(
        (next, context) => (args) => {
          const name = (context.commandName ?? '').replace(/Command$/, '');
          this.calls.push(name);
          const { Key = '' } = args.input as { readonly Key?: string };
          this.asked.push(
            `${name} ${Key.replace(/^(records|stream_records)\/.*/, '$1').replaceAll(/[0-9A-Z]{26}/g, '')}`,
          );
          return next(args);
        },
        { step: 'initialize' },
      );
    }
    this.environment = {
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: own.accessKeyId,
      AWS_SECRET_ACCESS_KEY: own.secretAccessKey,
      AWS_SESSION_TOKEN: own.sessionToken ?? '',
      AWS_ENDPOINT_URL_S3: urls.s3,
      AWS_ENDPOINT_URL_EVENTBRIDGE: urls.events,
      LANDING_BUCKET: 'landing',
      LIBRARY_BUCKET: 'library',
      LIBRARY_STORAGE_CLASS: 'default',
      LIBRARY_KMS_KEY_ARN: 'default',
      EVENT_BUS_NAME: BUS,
      RELOCATION_QUEUE_URL: 'http://127.0.0.1:9/000000000000/relocate',
      RELOCATION_RETRY_SECONDS: '15,60',
    };
    this.relocation = new Relocation({
      s3,
      store: new StateStore(s3, 'landing'),
      bus: new EventBus(bridge, BUS),
      clock: { nowMs: () => START_MS },
      library: { bucket: 'library', ...options.library },
      limits: options.limits ?? {},
    });
  }

  static async start(options: BenchOptions = {}): Promise<MoveBench> {
    const folder = mkdtempSync(path.join(tmpdir(), 'move-'));
    const faults = new Faults();
    const events: EventBridgeEvent[] = [];
    const roles = new TestRoles(CREDENTIALS);
    const [s3, bus] = await Promise.all([
      startS3Server({
        dataDir: folder,
        credentials: roles.access,
        buckets: ['landing', 'library'],
        faults,
        ...(options.partMinBytes !== undefined && { partMinBytes: options.partMinBytes }),
      }),
      startEventsServer({
        busNames: [BUS],
        access: roles.access,
        faults,
        onEvent: (event) => void events.push(event),
      }),
    ]);
    const close = async (): Promise<void> => {
      await Promise.all([s3.close(), bus.close()]);
      rmSync(folder, { recursive: true });
      refuseDenials(roles);
    };
    const bench = new MoveBench({ s3: s3.url, events: bus.url }, faults, roles, close, options);
    Object.assign(bench, { events });
    return bench;
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** @param role whose rights it has: a function's name, or a task's family */
  client(role: string): S3Client {
    const credentials = this.#roles.credentials(role);
    return new S3Client({ ...PLACE, credentials, endpoint: this.#urls.s3, forcePathStyle: true });
  }

  bus(role: string): EventBus {
    const credentials = this.#roles.credentials(role);
    return new EventBus(new EventBridgeClient({ ...PLACE, credentials, endpoint: this.#urls.events }), BUS);
  }

  /** A finished part in landing, with the state that its recorder or rescuer leaves. */
  async land(body: Buffer, options: LandOptions = {}): Promise<Landed> {
    this.#count += 1;
    const { key, job, open, final } = landedPart(body, this.#count, options);
    const { part } = open;
    await this.store.create(jobKey(job.recordingId), job);
    await this.store.create(partKey(job.recordingId, part, 'open'), open);
    await this.store.create(partKey(job.recordingId, part, 'final'), final);
    const metadata = { 'recording-id': job.recordingId, part: String(part) };
    if (options.repeats === undefined) await this.#putOnce(key, body, metadata);
    else await this.#putRepeated(key, body, options.repeats, metadata);
    return { key, job, open, final, body };
  }

  async put(bucket: string, key: string, body: Buffer, metadata: Record<string, string> = {}): Promise<void> {
    await this.s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        Metadata: metadata,
        ChecksumAlgorithm: 'CRC32',
      }),
    );
  }

  /** A large body is sent once, and copied where it comes again. */
  async #putOnce(key: string, body: Buffer, metadata: Record<string, string>): Promise<void> {
    if (body.length < LARGE_BYTES) return this.put('landing', key, body, metadata);
    const source = this.#sent.get(body) ?? `pieces/${this.#count}`;
    if (!this.#sent.has(body)) await this.put('landing', source, body);
    this.#sent.set(body, source);
    await this.s3.send(
      new CopyObjectCommand({
        Bucket: 'landing',
        Key: key,
        CopySource: `landing/${source}`,
        Metadata: metadata,
        MetadataDirective: 'REPLACE',
      }),
    );
  }

  async #putRepeated(
    key: string,
    body: Buffer,
    repeats: number,
    metadata: Record<string, string>,
  ): Promise<void> {
    const source = 'pieces/one';
    await this.put('landing', source, body);
    const target = { Bucket: 'landing', Key: key };
    const { UploadId } = await this.s3.send(
      new CreateMultipartUploadCommand({
        ...target,
        Metadata: metadata,
        ChecksumAlgorithm: 'CRC32',
        ChecksumType: 'FULL_OBJECT',
      }),
    );
    const parts: CompletedPart[] = [];
    for (let PartNumber = 1; PartNumber <= repeats; PartNumber++) {
      const { CopyPartResult } = await this.s3.send(
        new UploadPartCopyCommand({ ...target, UploadId, PartNumber, CopySource: `landing/${source}` }),
      );
      parts.push({ PartNumber, ETag: CopyPartResult?.ETag, ChecksumCRC32: CopyPartResult?.ChecksumCRC32 });
    }
    await this.s3.send(
      new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: parts } }),
    );
  }

  move(key: string, hasTime?: () => boolean): Promise<void> {
    return this.relocation.relocate(key, new Logger({ logLevel: 'SILENT' }), hasTime);
  }

  /** As the queue does it: again until it works. */
  async deliver(key: string, tries = 10): Promise<void> {
    for (let left = tries; ; left--) {
      try {
        await this.move(key);
        return;
      } catch (error) {
        if (left <= 1) throw error;
      }
    }
  }

  async keys(bucket: string, prefix = ''): Promise<string[]> {
    const answer = await this.s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
    return (answer.Contents ?? []).map(({ Key = '' }) => Key);
  }

  async openUploads(): Promise<number> {
    const answer = await this.s3.send(new ListMultipartUploadsCommand({ Bucket: 'library' }));
    return answer.Uploads?.length ?? 0;
  }

  head(key: string): Promise<HeadObjectCommandOutput> {
    return this.s3.send(new HeadObjectCommand({ Bucket: 'library', Key: key, ChecksumMode: 'ENABLED' }));
  }

  async read(key: string): Promise<Buffer> {
    const answer = await this.s3.send(new GetObjectCommand({ Bucket: 'library', Key: key }));
    return Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
  }

  async moved({ job, open }: Landed): Promise<MovedPart | undefined> {
    const key = partKey(job.recordingId, open.part, 'moved');
    return (await this.store.read(key, movedPartSchema))?.value;
  }

  /** Details of Record Available of this record; each is of the schema. */
  available({ job, open }: Landed): RecordAvailable[] {
    return this.events
      .filter((event) => event['detail-type'] === EVENT_TYPES.recordAvailable)
      .map(({ detail }) => detail as Partial<RecordAvailable>)
      .filter(({ recordingId, part }) => recordingId === job.recordingId && part === open.part)
      .map((detail) => EVENT_SCHEMAS[EVENT_TYPES.recordAvailable].parse(detail));
  }
}
