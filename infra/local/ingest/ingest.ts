import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import * as z from 'zod/mini';
import { bundledMediaServer } from '../bundles.ts';
import { COMPILE_CACHE } from '../compileCache.ts';
import { Announcer } from './announcer.ts';
import type { FromMediaServer, MediaServerData } from './mediaServerThread.ts';

export interface IngestOptions {
  /** 0 lets the system pick. */
  readonly port: number;
  readonly dataDir: string;
  readonly apiUrl: string;
  /** JSON lines. */
  readonly onLog: (line: string) => void;
}

export interface Ingest {
  /** `rtmp://127.0.0.1:1935`; streams are published to `/<app>/<name>` below it. */
  readonly url: string;
  /** Ends all streams and says so to the registry, for so long at most. */
  close(timeoutMs: number): Promise<void>;
}

/**
 * The RTMP ingest: a media server that announces its streams to the registry over the HTTP API. A stream's
 * mediaSessionId is its name.
 * @throws the listen error, such as EADDRINUSE
 */
export async function startIngest({ port, dataDir, apiUrl, onLog }: IngestOptions): Promise<Ingest> {
  mkdirSync(dataDir, { recursive: true });
  const log = (level: string, message: string, mediaSessionId?: string): void =>
    onLog(JSON.stringify({ timestamp: new Date().toISOString(), level, message, mediaSessionId }));

  const worker = new Worker(await bundledMediaServer(), {
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE },
    execArgv: [],
    stdout: true,
    stderr: true,
    workerData: { port, folder: path.join(dataDir, 'mediaServer') } satisfies MediaServerData,
  });
  logProblems(worker, log);
  const listening = await listen(worker);
  const url = `rtmp://127.0.0.1:${listening}`;
  let closing: boolean = false;
  worker.on('exit', () => {
    if (!closing) log('ERROR', 'the media server has ended; streams can no longer be published');
  });

  const announcedFile = path.join(dataDir, 'announced.json');
  const announcer = new Announcer({
    apiUrl,
    onLog: log,
    onAnnounced: (names) => writeWhole(announcedFile, JSON.stringify(names)),
  });
  // Streams of a run that was killed are not published any more.
  for (const name of readAnnounced(announcedFile)) announcer.unpublish(name);

  // A name is one stream, whatever application it is published to: the last one counts.
  const appOf = new Map<string, string>();
  worker.on('message', (message: FromMediaServer) => {
    if (message.kind === 'published') {
      appOf.set(message.name, message.app);
      const { path: place, isToBeRecorded } = message;
      announcer.publish(message.name, `${url}/${place}`, { isToBeRecorded });
    } else if (message.kind === 'refused') {
      log('WARN', `A stream was refused: ${message.message}`);
    } else if (message.kind === 'unpublished' && appOf.get(message.name) === message.app) {
      appOf.delete(message.name);
      announcer.unpublish(message.name);
    }
  });

  return {
    url,
    async close(timeoutMs) {
      closing = true;
      const gone = once(worker, 'exit');
      worker.postMessage('stop');
      await announcer.close(timeoutMs);
      await worker.terminate();
      await gone;
    },
  };
}

async function listen(worker: Worker): Promise<number> {
  const [message] = (await once(worker, 'message')) as [FromMediaServer];
  if (message.kind === 'listening') return message.port;
  await worker.terminate();
  if (message.kind === 'failed') throw Object.assign(new Error(message.message), { code: message.code });
  throw new Error(`the media server said ${message.kind} before it listened`);
}

/** `[24/11/2026, 1:26:33 AM] [ERROR] text`; it tells a lot that is no problem. */
const PROBLEM = /^\[[^\]]*\] \[(WARN|ERROR)\] (.*)$/;

function logProblems(worker: Worker, log: (level: string, message: string) => void): void {
  createInterface({ input: worker.stdout }).on('line', (line) => {
    const [, level, message] = PROBLEM.exec(line) ?? [];
    if (level !== undefined && message !== undefined) log(level, message);
  });
  createInterface({ input: worker.stderr }).on('line', (line) => log('ERROR', line));
}

function readAnnounced(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return z.array(z.string()).parse(JSON.parse(text));
}

/** By a rename, so that a crash leaves the old or the new. */
function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}
