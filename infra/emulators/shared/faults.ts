/**
 * Fault rules for the local endpoints: what goes wrong, at which matching call, how often. Tests hand them to an
 * endpoint in-process (`faults.add`) or over HTTP (`PUT /_faults` with a JSON array), so that real clients in
 * other processes meet real failures.
 */
export type FaultAction =
  /** The endpoint does nothing and answers with this error, as AWS would word it. */
  | { readonly kind: 'fail'; readonly status: number; readonly code: string }
  /** SlowDown (S3, 503) or ThrottlingException (the others, 400). */
  | { readonly kind: 'throttle' }
  /** The call is carried out after a delay. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** The call is carried out; its answer is lost (the socket is destroyed). */
  | { readonly kind: 'dropAnswer' }
  /** The socket is destroyed after this many bytes of the request's or (for reads) the answer's body; a write is not carried out. */
  | { readonly kind: 'resetMidBody'; readonly afterBytes: number }
  /** The endpoint refuses every connection for a time, beginning with this call. */
  | { readonly kind: 'vanish'; readonly durationMs: number };

export interface FaultRule {
  readonly service: 's3' | 'ecs' | 'events' | 'sqs' | 'secretsmanager';
  /** The API's own operation name (PutObject, UploadPart, RunTask, …); absent: any. */
  readonly operation?: string;
  /** For S3 a regular expression over `<bucket>/<key>`; absent: any. */
  readonly match?: string;
  /** Which matching call is the first one hit, counted from 1. 1 by default. */
  readonly nth?: number;
  /** How many matching calls from `nth` on are hit. 1 by default. */
  readonly times?: number;
  readonly action: FaultAction;
}

export interface FaultCall {
  readonly service: FaultRule['service'];
  readonly operation: string;
  readonly target: string;
}

/** Rules in force, with how many matching calls each has seen. The first rule that hits decides. */
export class Faults {
  #rules: { rule: FaultRule; pattern: RegExp | undefined; seen: number }[] = [];

  add(...rules: readonly FaultRule[]): void {
    for (const rule of rules) {
      this.#rules.push({
        rule,
        pattern: rule.match === undefined ? undefined : new RegExp(rule.match),
        seen: 0,
      });
    }
  }

  clear(): void {
    this.#rules = [];
  }

  /** Counts the call against every rule that it matches; the action of the first one that is due. */
  hit(call: FaultCall): FaultAction | undefined {
    let due: FaultAction | undefined;
    for (const entry of this.#rules) {
      const { rule, pattern } = entry;
      if (rule.service !== call.service) continue;
      if (rule.operation !== undefined && rule.operation !== call.operation) continue;
      if (pattern !== undefined && !pattern.test(call.target)) continue;
      entry.seen += 1;
      const first = rule.nth ?? 1;
      if (due === undefined && entry.seen >= first && entry.seen < first + (rule.times ?? 1))
        due = rule.action;
    }
    return due;
  }
}
