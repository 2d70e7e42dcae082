import { parseArgs } from 'node:util';
import { startS3Server } from './server.ts';

/**
 * The S3 endpoint in a process of its own: `node infra/emulators/s3/main.ts --data-dir DIR [--port 9000]
 * [--bucket landing …]`, or DATA_DIR, PORT and BUCKETS (separated by commas) in the environment. Prints one line of
 * JSON, `{"url"}`, when it is ready.
 */
const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    port: { type: 'string' },
    host: { type: 'string' },
    region: { type: 'string' },
    bucket: { type: 'string', multiple: true },
  },
});
const { env } = process;
const dataDir = values['data-dir'] ?? env.DATA_DIR;
if (dataDir === undefined) throw new Error('Set DATA_DIR or --data-dir.');
const region = values.region ?? env.AWS_REGION;
const host = values.host ?? env.HOST;

const server = await startS3Server({
  dataDir,
  port: Number(values.port ?? env.PORT ?? 0),
  ...(host !== undefined && { host }),
  ...(region !== undefined && { region }),
  credentials: {
    accessKeyId: env.AWS_ACCESS_KEY_ID ?? 'local',
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? 'local-secret',
  },
  buckets: values.bucket ?? env.BUCKETS?.split(',') ?? [],
});
console.log(JSON.stringify({ url: server.url }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close());
