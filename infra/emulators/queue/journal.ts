import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';

/** A message as it outlives the process. */
export interface StoredMessage {
  readonly id: string;
  readonly body: string;
  readonly sentAtMs: number;
  /** Its delay, or the visibility time-out of whoever received it, is over then. */
  readonly visibleAtMs: number;
  readonly receiveCount: number;
  readonly firstReceivedAtMs: number | undefined;
  readonly dead: boolean;
}

const time = z.int().check(z.nonnegative());
const entrySchema = z.discriminatedUnion('op', [
  z.object({
    op: z.literal('send'),
    id: z.string(),
    body: z.string(),
    sentAtMs: time,
    visibleAtMs: z._default(time, 0),
    receiveCount: z._default(z.int(), 0),
    firstReceivedAtMs: z.optional(time),
    dead: z._default(z.boolean(), false),
  }),
  z.object({ op: z.literal('receive'), id: z.string(), atMs: time, visibleAtMs: z._default(time, 0) }),
  z.object({ op: z.literal('visible'), id: z.string(), atMs: time }),
  z.object({ op: z.literal('delete'), id: z.string() }),
  z.object({ op: z.literal('bury'), id: z.string() }),
  z.object({ op: z.literal('redrive'), id: z.string() }),
]);
type Entry = z.input<typeof entrySchema>;

/**
 * Messages on disk: an append-only file of JSON lines, written before the caller goes on. It is made short when it is
 * opened (by a rename, so that a crash leaves one or the other) and emptied when no message is left.
 */
export class MessageJournal {
  readonly #descriptor: number;

  /** @returns the journal and what it had, oldest first */
  static open(file: string): { readonly journal: MessageJournal; readonly messages: StoredMessage[] } {
    mkdirSync(path.dirname(file), { recursive: true });
    const messages = readMessages(file);
    const short = `${file}.new`;
    const descriptor = openEmpty(short);
    const journal = new MessageJournal(descriptor);
    for (const message of messages) journal.append({ op: 'send', ...message });
    renameSync(short, file);
    return { journal, messages };
  }

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  append(entry: Entry): void {
    writeSync(this.#descriptor, `${JSON.stringify(entry)}\n`);
  }

  clear(): void {
    ftruncateSync(this.#descriptor, 0);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

function readMessages(file: string): StoredMessage[] {
  const messages = new Map<string, StoredMessage>();
  for (const line of readLines(file)) {
    const entry = entrySchema.parse(JSON.parse(line));
    if (entry.op === 'send') {
      const { op: _, ...message } = entry;
      messages.set(entry.id, { ...message, firstReceivedAtMs: entry.firstReceivedAtMs });
      continue;
    }
    const message = messages.get(entry.id);
    if (message === undefined) continue;
    if (entry.op === 'delete') messages.delete(entry.id);
    else if (entry.op === 'bury') messages.set(entry.id, { ...message, dead: true });
    else if (entry.op === 'visible') messages.set(entry.id, { ...message, visibleAtMs: entry.atMs });
    else if (entry.op === 'redrive') messages.set(entry.id, { ...message, dead: false, receiveCount: 0 });
    else
      messages.set(entry.id, {
        ...message,
        receiveCount: message.receiveCount + 1,
        firstReceivedAtMs: message.firstReceivedAtMs ?? entry.atMs,
        visibleAtMs: entry.visibleAtMs,
      });
  }
  return [...messages.values()];
}

/** A last line without its end was being written when the process was killed: its caller never went on. */
function readLines(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').slice(0, -1);
}

/** Appending, so that after `clear` the next line is the first. */
function openEmpty(file: string): number {
  const descriptor = openSync(file, 'a', 0o600);
  ftruncateSync(descriptor, 0);
  return descriptor;
}
