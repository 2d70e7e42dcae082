import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';

const lineSchema = z.looseObject({
  level: z._default(z.string(), 'INFO'),
  message: z._default(z.string(), ''),
  recordingId: z.optional(z.string()),
  mediaSessionId: z.optional(z.string()),
  // A text, or an object with a message.
  reason: z.optional(z.unknown()),
  error: z.optional(z.unknown()),
  // In ffmpeg's words, or those of whoever answered.
  complaint: z.optional(z.unknown()),
  cause: z.optional(z.unknown()),
});
type Line = Partial<z.infer<typeof lineSchema>>;

/** One file of JSON lines for each source below a folder; warnings and errors also in short to the terminal. */
export class LogFiles {
  readonly #folder: string;
  readonly #say: (line: string) => void;
  readonly #descriptors = new Map<string, number>();

  constructor(folder: string, say: (line: string) => void) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#say = say;
  }

  /** @param line JSON from a logger; anything else is what a program wrote when something was wrong */
  write(source: string, line: string): void {
    const parsed = parse(line);
    const written =
      parsed === undefined
        ? JSON.stringify({ timestamp: new Date().toISOString(), level: 'ERROR', message: line })
        : line;
    writeSync(this.#descriptor(source), `${written}\n`);
    const short = shorten(source, parsed ?? { level: 'ERROR', message: line });
    if (short !== undefined) this.#say(short);
  }

  close(): void {
    for (const descriptor of this.#descriptors.values()) closeSync(descriptor);
    this.#descriptors.clear();
  }

  #descriptor(source: string): number {
    const known = this.#descriptors.get(source);
    if (known !== undefined) return known;
    const opened = openSync(path.join(this.#folder, `${source}.log`), 'a');
    this.#descriptors.set(source, opened);
    return opened;
  }
}

/** @returns undefined for what needs nobody's attention */
function shorten(
  source: string,
  { level = 'INFO', message = '', reason, error, complaint, cause, ...ids }: Line,
): string | undefined {
  if (!['WARN', 'ERROR', 'CRITICAL'].includes(level)) return undefined;
  const why = [reason, error, complaint, cause].map(firstLine).find((words) => words !== undefined);
  const about = [ids.mediaSessionId, ids.recordingId].filter(Boolean).join(' ');
  return [
    `${level.toLowerCase()}: ${source}: ${message}`,
    why === undefined ? '' : `: ${why}`,
    about === '' ? '' : ` (${about})`,
  ].join('');
}

function firstLine(value: unknown): string | undefined {
  if (typeof value === 'string') return value.split('\n')[0];
  if (typeof value === 'object' && value !== null && 'message' in value) return firstLine(value.message);
  return undefined;
}

function parse(line: string): Line | undefined {
  try {
    const parsed = lineSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
