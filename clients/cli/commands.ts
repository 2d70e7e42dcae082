import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  ApiError,
  type Clip,
  type Merge,
  type RecorderClient,
  type Recording,
} from '../typescript/client.ts';
import type { CliArguments, Command } from './arguments.ts';
import { clipLine, mergeLine, partLine, progressLine, summaryLine } from './show.ts';

/** What a command has of the terminal, and of time. */
export interface Terminal {
  /** A line that stays. */
  say(line: string): void;
  /** A line that the next one of its kind replaces. */
  live(line: string): void;
  sleep(ms: number): Promise<void>;
  nowMs(): number;
  /** Aborted by the first Ctrl-C. */
  readonly interrupted: AbortSignal;
}

export type Run = (client: RecorderClient, args: CliArguments, terminal: Terminal) => Promise<number>;

const LOOK_EVERY_MS = 1_000;
const MERGING: ReadonlySet<Merge['status']> = new Set(['waiting', 'processing', 'canceling']);
const ENDED: ReadonlySet<Recording['status']> = new Set(['available', 'failed']);

/** Each answers with the exit code. */
export const RUN: Readonly<Record<Command, Run>> = {
  async record(client, args, terminal) {
    const { subject, name } = args;
    const isUrl = /^[a-z]+:\/\//i.test(subject);
    const started = await client.start(
      isUrl
        ? { sourceUrl: subject, ...(name === undefined ? {} : { streamName: name }) }
        : { mediaSessionId: subject },
      crypto.randomUUID(),
    );
    if (started.recordingId === undefined) return 1;
    const { recordingId } = started;
    if (!args.json) terminal.say(`Recording ${recordingId}. Ctrl-C stops it.`);
    let isStopped = false;
    return await follow(client, recordingId, args, terminal, async () => {
      if (isStopped || !terminal.interrupted.aborted) return;
      isStopped = true;
      await client.stop(recordingId);
    });
  },

  async ls(client, args, { say }) {
    let left = args.limit;
    let nextToken: string | undefined;
    do {
      const page = await client.recordings({
        limit: String(Math.min(100, left)),
        ...(args.stream === undefined ? {} : { stream: args.stream }),
        // The API says which ones there are.
        ...(args.status === undefined ? {} : { status: args.status as Recording['status'] }),
        ...(nextToken === undefined ? {} : { nextToken }),
      });
      for (const one of page.recordings) say(args.json ? JSON.stringify(one) : summaryLine(one));
      left -= page.recordings.length;
      nextToken = page.nextToken;
    } while (left > 0 && nextToken !== undefined);
    return 0;
  },

  watch: (client, args, terminal) =>
    follow(client, args.subject, args, terminal, async () => {
      if (terminal.interrupted.aborted) throw new StopWatching();
    }).catch((error: unknown) => {
      if (error instanceof StopWatching) return 0;
      throw error;
    }),

  async get(client, args, { say }) {
    const parts = await client.parts(args.subject);
    const ready = parts.filter(({ download }) => download !== undefined);
    if (ready.length === 0) {
      throw new ApiError('It has no file in the library yet.', { status: 0, code: 'nothing_to_download' });
    }
    await mkdir(args.output, { recursive: true });
    for (const { download, fileName, part, bytes } of ready) {
      const file = path.join(args.output, path.basename(fileName ?? `part-${part}`));
      await save(download?.url ?? '', file);
      say(args.json ? JSON.stringify({ part, file, bytes }) : file);
    }
    return ready.length === parts.length ? 0 : 1;
  },

  async stop(client, args, { say }) {
    const answer = await client.stop(args.subject);
    say(args.json ? JSON.stringify(answer) : `${answer.recordingId}  ${answer.status}`);
    return 0;
  },

  async clip(client, args, terminal) {
    const { subject, name, from = 0, to = 0 } = args;
    const request = { from, to, ...(name === undefined ? {} : { name }) };
    return await made(client, await client.clip(subject, request, crypto.randomUUID()), args, terminal);
  },

  join: async (client, args, terminal) => made(client, await client.join(args.subject), args, terminal),

  async merge(client, { subject, layout, json }, terminal) {
    let merge = await client.mergeRoom(subject, { layout, running: 'wait' }, crypto.randomUUID());
    while (MERGING.has(merge.status) && !terminal.interrupted.aborted) {
      if (!json) terminal.live(mergeLine(merge));
      await terminal.sleep(LOOK_EVERY_MS);
      merge = await client.merge(merge.mergeId);
    }
    terminal.say(json ? JSON.stringify(merge) : mergeLine(merge));
    return merge.status === 'failed' || merge.status === 'canceled' ? 1 : 0;
  },

  async rm(client, args, { say }) {
    const answer = await client.remove(args.subject, { records: args.records });
    say(args.json ? JSON.stringify(answer) : `Forgotten; ${answer.deletedRecords} files deleted.`);
    return 0;
  },
};

class StopWatching extends Error {}

/** Shows how a recording goes until it has ended. @returns 1 where it failed */
async function follow(
  client: RecorderClient,
  recordingId: string,
  { json }: CliArguments,
  { say, live, sleep, nowMs }: Terminal,
  onLook: () => Promise<void>,
): Promise<number> {
  for (let before = ''; ; ) {
    const recording = await client.recording(recordingId);
    const line = json ? JSON.stringify(recording) : progressLine(recording, nowMs());
    if (!json) live(line);
    else if (line !== before) say(line);
    before = line;
    if (ENDED.has(recording.status)) {
      if (!json) for (const part of recording.parts) say(partLine(part));
      return recording.status === 'available' ? 0 : 1;
    }
    await onLook();
    await sleep(LOOK_EVERY_MS);
  }
}

/** Waits until a file is made; after Ctrl-C it is made without anybody waiting. @returns 1 where it cannot be made */
async function made(
  client: RecorderClient,
  asked: Clip,
  { json }: CliArguments,
  { say, live, sleep, interrupted }: Terminal,
): Promise<number> {
  let clip = asked;
  while (clip.status !== 'available' && clip.status !== 'failed' && !interrupted.aborted) {
    if (!json) live(clipLine(clip));
    await sleep(LOOK_EVERY_MS);
    clip = await client.clipOf(clip.recordingId, clip.clipId);
  }
  say(json ? JSON.stringify(clip) : clipLine(clip));
  return clip.status === 'failed' ? 1 : 0;
}

/** Under another name until it is whole. */
async function save(url: string, file: string): Promise<void> {
  const answer = await fetch(url);
  if (!answer.ok || answer.body === null) {
    throw new ApiError(`The download was answered with ${answer.status}.`, {
      status: answer.status,
      code: 'download_failed',
    });
  }
  const partial = `${file}.part`;
  await pipeline(
    Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]),
    createWriteStream(partial),
  );
  await rename(partial, file);
}
