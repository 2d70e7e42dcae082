import { startS3Server } from '../../infra/emulators/s3/server.ts';
import { startTlsFront } from './tlsFront.ts';

/**
 * The local S3 endpoint in a process of its own, so that its work is not counted as the recorder's. Told anything, it
 * answers with how many calls of each operation it has had. With `TLS_FOLDER` it is reached by TLS as well.
 */
const { DATA_DIR: dataDir = '', BUCKET: bucket = '', TLS_FOLDER = '' } = process.env;
const { ACCESS_KEY = '', SECRET_KEY = '' } = process.env;
const server = await startS3Server({
  dataDir,
  credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY },
  buckets: [bucket],
});
const calls: Record<string, number> = {};
const hit = server.faults.hit.bind(server.faults);
server.faults.hit = (call) => {
  const name = call.target.includes('/state/journal/') ? `${call.operation} of the journal` : call.operation;
  calls[name] = (calls[name] ?? 0) + 1;
  return hit(call);
};
process.on('message', () => process.send?.(calls));
// Whatever is connected: what it has is thrown away.
process.once('disconnect', () => process.exit());
const tls = TLS_FOLDER === '' ? undefined : await startTlsFront(server, TLS_FOLDER);
process.send?.({ url: server.url, tls });
