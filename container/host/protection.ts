import type { Logger } from '@aws-lambda-powertools/logger';
import { askTaskEndpoint } from '../attempt/taskEndpoint.ts';

const MINUTES = 10;
/** Renewed so often that one failure does not end it. */
const RENEW_MS = 4 * 60_000;
const ANSWERS_WITHIN_MS = 5_000;

/** Keeps ECS from ending a host that carries recordings, for a scale-in or a deployment. */
export class Protection {
  readonly #uri: string | undefined;
  readonly #log: Logger;
  #renewAtMs = 0;
  #isProtected: boolean = false;

  /** @param agentUri ECS_AGENT_URI; without one nobody would end it */
  constructor(agentUri: string | undefined, log: Logger) {
    this.#uri = agentUri;
    this.#log = log;
  }

  async keep(): Promise<void> {
    if (this.#isProtected && Date.now() < this.#renewAtMs) return;
    await this.#put({ ProtectionEnabled: true, ExpiresInMinutes: MINUTES });
    this.#renewAtMs = Date.now() + RENEW_MS;
    this.#isProtected = true;
  }

  async end(): Promise<void> {
    if (!this.#isProtected) return;
    await this.#put({ ProtectionEnabled: false });
    this.#isProtected = false;
  }

  async #put(state: object): Promise<void> {
    if (this.#uri === undefined) return;
    try {
      const answer = await askTaskEndpoint(`${this.#uri}/task-protection/v1/state`, {
        method: 'PUT',
        body: state,
        timeoutMs: ANSWERS_WITHIN_MS,
      });
      const { failure, error } = answer as { readonly failure?: unknown; readonly error?: unknown };
      if (failure !== undefined || error !== undefined)
        this.#log.warn('ECS did not protect the host', { failure, error });
    } catch (error) {
      this.#log.warn('ECS could not be asked to protect the host', error as Error);
    }
  }
}
