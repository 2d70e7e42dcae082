import { fitted, printable } from '../../clients/cli/terminalText.ts';
import { EVENT_SOURCE, EVENT_TYPES } from '../../functions/core/events/published.ts';
import type { EventBridgeEvent } from '../emulators/events/server.ts';

/** What `npm start` shows: lines that stay, and on a terminal one below them that is always the present. */
export class Terminal {
  readonly #out: NodeJS.WriteStream;
  #live: string = '';

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  say(line: string): void {
    this.#write(`${line}\n`, this.#out);
  }

  complain(line: string): void {
    this.#write(`${line}\n`, process.stderr);
  }

  /** Replaces the line that is always the present; '' removes it. A file or a pipe gets none. */
  live(line: string): void {
    if (!this.#out.isTTY || line === this.#live) return;
    this.#out.write(`\r\u001b[K${fitted(line, this.#out.columns - 1)}`);
    this.#live = line;
  }

  #write(text: string, out: NodeJS.WriteStream): void {
    const { length } = this.#live;
    if (length > 0) this.#out.write('\r\u001b[K');
    out.write(text);
    if (length > 0) this.#out.write(fitted(this.#live, this.#out.columns - 1));
  }
}

interface Told {
  readonly streamName?: unknown;
  readonly recordingId?: unknown;
  readonly part?: unknown;
  readonly bytes?: unknown;
  readonly durationMs?: unknown;
  readonly bucket?: unknown;
  readonly key?: unknown;
  readonly complete?: unknown;
  readonly incomplete?: readonly { readonly message?: unknown }[];
  readonly reason?: { readonly message?: unknown; readonly complaint?: unknown };
}

/** One line for each thing that happens to a recording; undefined for what is none of ours. */
export function eventLine(
  event: Pick<EventBridgeEvent, 'source' | 'detail-type' | 'detail'>,
): string | undefined {
  return event.source === EVENT_SOURCE ? printable(toldLine(event['detail-type'], event.detail)) : undefined;
}

function toldLine(type: string, told: Told): string {
  const head = `${type}: ${String(told.streamName)} (${String(told.recordingId)})`;
  switch (type) {
    case EVENT_TYPES.partFinished:
      return `${head}: part ${String(told.part)}, ${size(told)}`;
    case EVENT_TYPES.recordAvailable: {
      const missing = (told.incomplete ?? []).map(({ message }) => String(message)).join(' ');
      const lack = told.complete === false ? `; not complete: ${missing}` : '';
      return `${head}: s3://${String(told.bucket)}/${String(told.key)}, ${size(told)}${lack}`;
    }
    case EVENT_TYPES.recordingFinished:
    case EVENT_TYPES.recordingFailed: {
      const complaint = told.reason?.complaint === undefined ? '' : ` (${String(told.reason.complaint)})`;
      return `${head}: ${String(told.reason?.message)}${complaint}`;
    }
    default:
      return head;
  }
}

function size({ durationMs, bytes }: Told): string {
  return `${(Number(durationMs) / 1000).toFixed(1)} s, ${String(bytes)} bytes`;
}
