import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { expect, it, onTestFinished } from 'vitest';
import { CLUSTER, EVENT_BUS, LANDING, LIBRARY } from '../../../infra/local/place.ts';
import { type Runtime, startRuntime } from '../../../infra/local/runtime.ts';
import { Child } from '../../support/children.ts';
import { refuseDenials } from '../../support/denials.ts';
import { RUNTIME_FOR_TESTS } from '../../support/testRuntime.ts';
import { describeWith } from '../../support/tools.ts';

/** What an endpoint on loopback has nothing to prove with. */
const NOT_HERE = [
  'rules hand events of the bus and of ECS to a queue',
  "events have the shapes of docs/events.md, and ECS's that of its manual",
  'whoever has a rule hears of a record soon after the stop',
  'dead letters go back to the queue that they came from',
];

async function verify(runtime: Runtime, folder: string): Promise<Child> {
  const file = path.join(folder, 'outputs.json');
  const outputs = {
    ApiUrl: runtime.apiUrl,
    LandingBucketName: LANDING,
    LibraryBucketName: LIBRARY,
    EventBusName: EVENT_BUS,
    ClusterName: CLUSTER,
  };
  await writeFile(file, JSON.stringify({ Mine: outputs }));
  const { credentials } = runtime;
  const child = new Child(process.execPath, ['infra/verify/main.ts', '--stack', 'Mine', '--outputs', file], {
    PATH: process.env.PATH,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    AWS_REGION: runtime.region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_ENDPOINT_URL_S3: runtime.s3Url,
    AWS_ENDPOINT_URL_ECS: runtime.ecsUrl,
    AWS_ENDPOINT_URL_EVENTBRIDGE: runtime.eventsUrl,
    AWS_ENDPOINT_URL_SQS: runtime.sqsUrl,
  });
  onTestFinished(() => child.stop());
  await once(child.process, 'close');
  return child;
}

describeWith(['ffmpeg'], 'npm run verify', () => {
  it('proves at this runtime what can be proved here, says what cannot, and leaves nothing', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'verify-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const runtime = await startRuntime({
      ...RUNTIME_FOR_TESTS,
      dataDir: path.join(folder, 'data'),
      ingest: false,
    });
    onTestFinished(() => runtime.close({ graceMs: 0 }).then(() => refuseDenials(runtime)));

    const { output, process: ended } = await verify(runtime, folder);
    const [lines = '', report = ''] = output.split('The report, to be pasted:');
    const verdicts = lines.trim().split('\n');
    expect(verdicts.filter((line) => line.startsWith('FAILED'))).toEqual([]);
    expect(verdicts.filter((line) => !line.startsWith('passed')).map((line) => line.slice(10))).toEqual(
      NOT_HERE.map((claim) => expect.stringMatching(`^${claim}: .* is not offered here`)),
    );
    expect(verdicts.length).toBeGreaterThan(20);
    expect(report).toContain(
      `${verdicts.length - NOT_HERE.length} passed, 0 failed, ${NOT_HERE.length} not here`,
    );
    for (const line of verdicts) expect(report).toContain(line);
    expect(ended.exitCode).toBe(0);

    const s3 = new S3Client({
      endpoint: runtime.s3Url,
      region: runtime.region,
      credentials: runtime.credentials,
      forcePathStyle: true,
    });
    for (const [Bucket, Prefix] of [
      [LIBRARY, ''],
      [LANDING, 'records/'],
      [LANDING, 'stream-recorder-verify-'],
      [LANDING, 'state/recordings/'],
    ]) {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
      expect(Contents.map(({ Key }) => Key)).toEqual([]);
    }
  }, 300_000);
});
