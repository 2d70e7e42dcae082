import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';

const lineSchema = z.looseObject({
  level: z._default(z.string(), 'INFO'),
  message: z._default(z.string(), ''),
  recordingId: z.optional(z.string()),
  mediaSessionId: z.optional(z.string()),
  reason: z.optional(z.string()),
  error: z.optional(z.union([z.string(), z.looseObject({ message: z.optional(z.string()) })])),
});

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
    const { level, message, recordingId, mediaSessionId, reason, error } = parsed ?? {
      level: 'ERROR',
      message: line,
    };
    if (!['WARN', 'ERROR', 'CRITICAL'].includes(level)) return;
    const why = reason ?? (typeof error === 'string' ? error.split('\n')[0] : error?.message);
    const about = [mediaSessionId, recordingId].filter(Boolean).join(' ');
    this.#say(
      `${level.toLowerCase()}: ${source}: ${message}${why === undefined ? '' : `: ${why}`}${about && ` (${about})`}`,
    );
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

function parse(line: string): z.infer<typeof lineSchema> | undefined {
  try {
    const parsed = lineSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
