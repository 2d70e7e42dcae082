import type { Logger } from '@aws-lambda-powertools/logger';
import { redactText } from '../../functions/core/source/sourceUrl.ts';

const LINE = /^(?:\[[^\]]+ @ [^\]]+\] )*\[(\w+)\] (.*)$/s;

/** Of a line of ffmpeg's, which was told to say its level; libraries write lines of their own. */
export function levelAndText(line: string): [string, string] {
  const [, level = '', text = line] = LINE.exec(line) ?? [];
  return [level, text];
}

/** As many as are looked through for why a source could not be opened; of one kind no more than are told one by one. */
const KEPT = 50;
/** Kinds of complaints that are counted; a source that makes ffmpeg think of more is told by those. */
const KINDS_MAX = 100;
const TOLD_ONE_BY_ONE = 3;
const COMPLAINT_MAX_CHARS = 300;

/** Below it ffmpeg warns; from it on something is missing in what it read or wrote. */
const ERRORS: ReadonlySet<string> = new Set(['error', 'fatal', 'panic']);
/** What ffmpeg tells its own users to do, finds or takes for granted: nothing is wrong with the source. */
const NO_FAULT =
  /^(?:If you want to help|Consider increasing|Thread message queue blocking|New \S+ stream|Guessed Channel Layout)/;

/** Of one that was told to end (AVERROR_EXIT): that was us, and not the source. */
const TOLD_TO_END = /Immediate exit requested$/;

/**
 * What ffmpeg complains of, without the source's secrets. Each kind of complaint is logged three times, then at its
 * 10th, 100th, … time: a damaged stream makes ffmpeg say the same for each packet.
 */
export class Complaints {
  readonly #url: string;
  readonly #log: Logger;
  #kept: readonly { readonly kind: string; readonly complaint: string }[] = [];
  readonly #times = new Map<string, number>();
  #lastError: string | undefined;
  #lastWarning: string | undefined;

  /** @param url of the source, whose secrets no log may have */
  constructor(url: string, log: Logger) {
    this.#url = url;
    this.#log = log;
  }

  /** The latest ones, oldest first. */
  get lines(): readonly string[] {
    return this.#kept.map(({ complaint }) => complaint);
  }

  /** The last error; where there is none, the last warning. */
  get last(): string | undefined {
    return this.#lastError ?? this.#lastWarning;
  }

  /** @param level ffmpeg's word for it: warning, error, fatal */
  add(level: string, text: string): void {
    const complaint = cut(redactText(text, this.#url).trim());
    if (complaint === '' || TOLD_TO_END.test(complaint)) return;
    if (ERRORS.has(level)) this.#lastError = complaint;
    else if (!NO_FAULT.test(complaint)) this.#lastWarning = complaint;
    const kind = complaint.replaceAll(/0x[0-9a-f]+|\d+/gi, '#');
    this.#keep(kind, complaint);
    const times = this.#count(kind);
    if (isTold(times)) this.#log.warn('ffmpeg complains', { complaintLevel: level, complaint, times });
  }

  /** What comes again and again does not push out what came once. */
  #keep(kind: string, complaint: string): void {
    const alike = this.#kept.filter((one) => one.kind === kind);
    const oldest = alike.length < TOLD_ONE_BY_ONE ? undefined : alike[0];
    const kept = this.#kept.filter((one) => one !== oldest);
    this.#kept = [...kept, { kind, complaint }].slice(-KEPT);
  }

  /** How often a complaint has come that differs in its numbers alone. */
  #count(kind: string): number {
    const known = this.#times.has(kind) || this.#times.size < KINDS_MAX ? kind : '';
    const times = (this.#times.get(known) ?? 0) + 1;
    this.#times.set(known, times);
    return times;
  }
}

function isTold(times: number): boolean {
  return times <= TOLD_ONE_BY_ONE || 10 ** Math.round(Math.log10(times)) === times;
}

function cut(text: string): string {
  return text.length <= COMPLAINT_MAX_CHARS ? text : `${text.slice(0, COMPLAINT_MAX_CHARS - 1)}…`;
}
