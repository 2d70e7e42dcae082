import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Lookup } from '../../../../functions/aws/dnsResolution.ts';
import { DEFAULT_SOURCE_RULES, type SourceRules } from '../../../../functions/core/source/sourceRules.ts';
import { closeServer, listenOnLoopback } from '../../../../infra/emulators/shared/loopback.ts';
import { Canary } from '../../../support/canary.ts';
import { benchForTests, folderForTests } from '../../../support/forTests.ts';
import type { Recorded } from '../../../support/recorderBench.ts';

/** 127.0.0.1 is the world that may be reached, and 127.0.0.2 is what may not. */
export const RULES: SourceRules = { ...DEFAULT_SOURCE_RULES, privateNetworks: ['127.0.0.1/32'] };
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'good.test': ['127.0.0.1'],
  'evil.test': ['127.0.0.2'],
  'mixed.test': ['127.0.0.1', '127.0.0.2'],
  'mapped.test': ['::ffff:127.0.0.2'],
  'linklocal.test': ['fe80::1%eth0'],
};

export const lookup: Lookup = async (host) => {
  const addresses = NAMES[host];
  if (addresses === undefined) throw new Error(`getaddrinfo ENOTFOUND ${host}`);
  return addresses;
};

/** A server that says whatever a test wants, what it must not lead to, and a recorder that is asked to record it. */
export class HostileSource {
  readonly #bench = benchForTests();
  readonly #folder = folderForTests();
  readonly #bodies = new Map<
    string,
    { readonly status: number; readonly location?: string; readonly body: Buffer }
  >();
  readonly #server = createServer((request, response) => {
    const { status, location, body } = this.#bodies.get(request.url ?? '') ?? {
      status: 404,
      body: Buffer.alloc(0),
    };
    response.writeHead(status, location === undefined ? {} : { location }).end(body);
  });
  #canary: Canary | undefined;
  /** Of the server. */
  origin = '';

  constructor() {
    beforeAll(async () => {
      this.#makeGoodOnes();
      this.#canary = await Canary.start('127.0.0.2');
      this.origin = await listenOnLoopback(this.#server);
      for (const name of await readdir(this.#folder.path)) {
        this.#bodies.set(`/${name}`, { status: 200, body: await readFile(this.#folder.file(name)) });
      }
    }, 180_000);
    afterAll(async () => {
      await closeServer(this.#server);
      await this.canary.close();
    });
  }

  /** What listens where nobody may go. */
  get canary(): Canary {
    if (this.#canary === undefined) throw new Error('the canary is there once tests run');
    return this.#canary;
  }

  #makeGoodOnes(): void {
    const [encoded, copied] = [
      [
        ...['-f', 'lavfi', '-i', 'testsrc2=size=160x120:rate=25', '-t', '4', '-c:v', 'libx264', '-g', '25'],
        ...['-preset', 'ultrafast', '-pix_fmt', 'yuv420p'],
      ],
      ['-i', this.#folder.file('good.flv'), '-c', 'copy'],
    ];
    this.#folder.make('good.flv', [...encoded, '-f', 'flv']);
    this.#folder.make('good.ts', [...copied, '-f', 'mpegts']);
    this.#folder.make('good.m3u8', [...copied, '-f', 'hls', '-hls_segment_type', 'fmp4', '-hls_time', '2']);
  }

  attack(url: string, by: Lookup = lookup): Promise<Recorded> {
    return this.#bench.record(url, { sources: RULES, openTimeoutMs: 8_000 }, by);
  }

  evil(path = '/v2/credentials'): string {
    return `http://127.0.0.2:${this.canary.port}${path}`;
  }

  /** Hands a body out below a path of its own. @returns its URL */
  serve(name: string, body: string | Buffer): string {
    this.#bodies.set(name, { status: 200, body: typeof body === 'string' ? Buffer.from(body) : body });
    return this.origin + name;
  }

  /** @returns the URL that leads there */
  redirect(name: string, status: number, location: string): string {
    this.#bodies.set(name, { status, location, body: Buffer.alloc(0) });
    return this.origin + name;
  }

  expectForbidden(recorded: Recorded, message: RegExp): void {
    expect(recorded.reason).toEqual({ code: 'source_forbidden', message: expect.stringMatching(message) });
    expect(recorded.objects.outcome?.status).toBe('failed');
    expect(recorded.reason.message).not.toMatch(/\d+\.\d+/);
    expect(this.canary.heard).toEqual([]);
  }

  /** Nothing of this machine is in any record, and there are some. */
  async expectNothingTaken(): Promise<void> {
    const { s3, store } = this.#bench;
    const { Contents = [], IsTruncated } = await s3.send(
      new ListObjectsV2Command({ Bucket: store.bucket, Prefix: 'records/' }),
    );
    expect(IsTruncated).toBe(false);
    expect(Contents.length).toBeGreaterThan(0);
    for (const { Key } of Contents) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: store.bucket, Key }));
      const text = Buffer.from((await Body?.transformToByteArray()) ?? []).toString('latin1');
      expect(text.includes('root:x:0:0') || text.includes('SecretAccessKey'), Key).toBe(false);
    }
    expect(this.canary.heard).toEqual([]);
  }
}
