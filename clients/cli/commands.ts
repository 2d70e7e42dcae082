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
import { download } from '../typescript/download.ts';
import type { CliArguments, Command } from './arguments.ts';
import { clipLine, mergeLine, partLine, progressLine, removedLine, summaryLine } from './show.ts';
import { printable } from './terminalText.ts';

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
      await client.stop(recordingId);
      isStopped = true;
    });
  },

  async ls(client, args, { say }) {
    let left = args.limit;
    let nextToken: string | undefined;
    do {
      const page = await client.recordings({
        limit: String(Math.min(100, left)),
        ...(args.stream === undefined ? {} : { stream: args.stream }),
        ...(args.search === undefined ? {} : { streamContains: args.search }),
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

  async get(client, args, terminal) {
    const { subject, output, json } = args;
    await mkdir(output, { recursive: true });
    const names = new Set<string>();
    let count = 0;
    let missing = 0;
    // A page at a time: its links are good for an hour.
    for (let nextToken: string | undefined, isLast = false; !isLast; ) {
      const page = await client.recording(subject, nextToken === undefined ? {} : { nextToken });
      for (const { download: link, fileName, part, bytes } of page.parts) {
        if (link === undefined) {
          // One that holds nothing comes to no library.
          if (bytes !== 0) missing += 1;
          continue;
        }
        if (terminal.interrupted.aborted) return 1;
        const file = path.join(output, freeName(names, fileName, part));
        if (!json) terminal.live(printable(`${file} …`));
        await save(link.url, file);
        terminal.say(json ? JSON.stringify({ part, file, bytes }) : printable(file));
        count += 1;
      }
      ({ nextToken } = page);
      isLast = nextToken === undefined;
    }
    if (count === 0)
      throw new ApiError('It has no file in the library yet.', { status: 0, code: 'nothing_to_download' });
    if (missing > 0)
      throw new ApiError(`${missing} of its files are not in the library yet.`, {
        status: 0,
        code: 'files_missing',
      });
    return 0;
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
    const { mergeId } = merge;
    while (MERGING.has(merge.status) && !terminal.interrupted.aborted) {
      if (!json) terminal.live(mergeLine(merge));
      await terminal.sleep(LOOK_EVERY_MS);
      merge = await patiently(() => client.merge(mergeId), terminal, json);
    }
    terminal.say(json ? JSON.stringify(merge) : mergeLine(merge));
    return merge.status === 'failed' || merge.status === 'canceled' ? 1 : 0;
  },

  async rm(client, args, { say }) {
    const answer = await client.remove(args.subject, { records: args.records });
    say(args.json ? JSON.stringify(answer) : removedLine(answer, args));
    return 0;
  },
};

class StopWatching extends Error {}

/** Parts in folders of their own may have one name. */
function freeName(names: Set<string>, fileName: string | undefined, part: number): string {
  const own = path.basename(fileName ?? `part-${part}`);
  const name = names.has(own) ? `part-${part}-${own}` : own;
  names.add(name);
  return name;
}

/** An API that is away for a moment, as while it is deployed, ends nothing; after so long it does. */
const PATIENCE_MS = 60_000;

/** Calls until it is answered. @throws ApiError for what another try does not help with, and when the patience is over */
async function patiently<T>(
  call: () => Promise<T>,
  { live, sleep, nowMs }: Terminal,
  json: boolean,
): Promise<T> {
  const untilMs = nowMs() + PATIENCE_MS;
  for (;;) {
    try {
      return await call();
    } catch (cause) {
      const isAway =
        cause instanceof ApiError &&
        (cause.code === 'unreachable' || cause.status === 429 || cause.status >= 500);
      if (!isAway || nowMs() >= untilMs) throw cause;
      if (!json) live(printable(`${cause.message} Asking again.`));
      await sleep(LOOK_EVERY_MS);
    }
  }
}

/** Shows how a recording goes until it has ended. @returns 1 where it failed */
async function follow(
  client: RecorderClient,
  recordingId: string,
  { json }: CliArguments,
  terminal: Terminal,
  onLook: () => Promise<void>,
): Promise<number> {
  const { say, live, sleep, nowMs } = terminal;
  for (let before = ''; ; ) {
    const recording = await patiently(() => client.recording(recordingId), terminal, json);
    const line = json ? JSON.stringify(recording) : progressLine(recording, nowMs());
    if (!json) live(line);
    else if (line !== before) say(line);
    before = line;
    if (ENDED.has(recording.status)) {
      const parts =
        json || recording.nextToken === undefined ? recording.parts : await client.parts(recordingId);
      if (!json) for (const part of parts) say(partLine(part));
      return recording.status === 'available' ? 0 : 1;
    }
    await patiently(onLook, terminal, json);
    await sleep(LOOK_EVERY_MS);
  }
}

/** Waits until a file is made; after Ctrl-C it is made without anybody waiting. @returns 1 where it cannot be made */
async function made(
  client: RecorderClient,
  asked: Clip,
  { json }: CliArguments,
  terminal: Terminal,
): Promise<number> {
  const { say, live, sleep, interrupted } = terminal;
  let clip = asked;
  while (clip.status !== 'available' && clip.status !== 'failed' && !interrupted.aborted) {
    if (!json) live(clipLine(clip));
    await sleep(LOOK_EVERY_MS);
    clip = await patiently(() => client.clipOf(asked.recordingId, asked.clipId), terminal, json);
  }
  say(json ? JSON.stringify(clip) : clipLine(clip));
  return clip.status === 'failed' ? 1 : 0;
}

/** Under another name until it is whole. */
async function save(url: string, file: string): Promise<void> {
  const { body } = await download(url);
  const partial = `${file}.part`;
  await pipeline(
    body === null ? Readable.from([]) : Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]),
    createWriteStream(partial),
  );
  await rename(partial, file);
}
