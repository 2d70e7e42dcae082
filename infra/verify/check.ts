/** One assumption about AWS, and how it is proved. */
export interface Check {
  /** What holds if it passes, as one line. */
  readonly claim: string;
  /**
   * @returns what was measured, if anything
   * @throws NotHere where this endpoint has nothing to prove it with; whatever else it throws is a failure
   */
  readonly run: () => Promise<string | undefined>;
}

/** It cannot be proved at this endpoint. Never a pass. */
export class NotHere extends Error {
  override readonly name = 'NotHere';
}

export interface Verdict {
  readonly claim: string;
  readonly result: 'passed' | 'FAILED' | 'not here';
  /** What was measured, what was seen in its place, or why it cannot be proved here. */
  readonly detail: string | undefined;
}

/** What was made on the way, and how it goes away again. The last one goes first. */
export class Undo {
  readonly #steps: { readonly what: string; readonly undo: () => Promise<unknown> }[] = [];

  later(what: string, undo: () => Promise<unknown>): void {
    this.#steps.push({ what, undo });
  }

  /** All of it, whatever fails. @returns what is still there, and why */
  async all(): Promise<string[]> {
    const left: string[] = [];
    for (const { what, undo } of this.#steps.splice(0).reverse()) {
      try {
        await undo();
      } catch (error) {
        left.push(`${what}: ${messageOf(error)}`);
      }
    }
    return left;
  }
}

/**
 * Runs all checks one after the other, then cleans up, which is a check of its own.
 * @param onVerdict told of each as it comes
 * @param interrupted no check begins after it; what was made is removed all the same
 */
export async function runChecks(
  checks: readonly Check[],
  undo: Undo,
  onVerdict: (verdict: Verdict) => void,
  interrupted?: AbortSignal,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  const tell = (verdict: Verdict): void => {
    verdicts.push(verdict);
    onVerdict(verdict);
  };
  for (const check of checks) {
    if (interrupted?.aborted === true) break;
    tell(await verdictOf(check));
  }
  const left = await undo.all();
  tell({
    claim: 'nothing of these checks is left',
    result: left.length === 0 ? 'passed' : 'FAILED',
    detail: left.length === 0 ? undefined : left.join('; '),
  });
  return verdicts;
}

async function verdictOf({ claim, run }: Check): Promise<Verdict> {
  try {
    return { claim, result: 'passed', detail: await run() };
  } catch (error) {
    const isHere = !(error instanceof NotHere || isNotOffered(error));
    return { claim, result: isHere ? 'FAILED' : 'not here', detail: messageOf(error) };
  }
}

/** As services answer an operation that they do not have; AWS has all that is asked for here. */
const NOT_OFFERED = ['UnknownOperationException', 'UnknownOperation', 'NotImplemented'];

function isNotOffered(error: unknown): boolean {
  return error instanceof Error && NOT_OFFERED.includes(error.name);
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const name = error instanceof NotHere || error.name === 'Error' ? '' : `${error.name}: `;
  // One line a check.
  return `${name}${error.message}`.replaceAll(/\s+/g, ' ');
}

/** A claim that does not hold; the message says what was seen. */
export function holds(condition: boolean, seen: string): void {
  if (!condition) throw new Error(seen);
}

export function verdictLine({ claim, result, detail }: Verdict): string {
  return `${result.padEnd(8)}  ${claim}${detail === undefined ? '' : `: ${detail}`}`;
}

/** To be pasted into an issue, as it is. */
export function report(verdicts: readonly Verdict[], facts: Readonly<Record<string, string>>): string {
  const count = (result: Verdict['result']): number =>
    verdicts.filter((verdict) => verdict.result === result).length;
  return [
    '```',
    'Stream Recorder, npm run verify',
    ...Object.entries(facts).map(([name, value]) => `${name.padEnd(8)}  ${value}`),
    '',
    ...verdicts.map(verdictLine),
    '',
    `${count('passed')} passed, ${count('FAILED')} failed, ${count('not here')} not here`,
    '```',
  ].join('\n');
}
