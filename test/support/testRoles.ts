import { type Credentials, denialMessage } from '../../infra/emulators/shared/access.ts';
import { Roles } from '../../infra/local/roles.ts';

/** The deployment's roles, for tests that call functions and recorders in this process: with the rights that they have there. */
export class TestRoles {
  readonly #denials: string[] = [];
  readonly #roles: Roles;

  /** @param administrator the test's own credentials */
  constructor(administrator: Credentials) {
    this.#roles = new Roles({
      administrator,
      sourceSecrets: [],
      webhooks: [],
      onDenied: (denial) => this.#denials.push(denialMessage(denial)),
    });
  }

  get access(): Roles['access'] {
    return this.#roles.access;
  }

  /** @param role a function's name, or a task's family */
  credentials(role: string): Credentials {
    return this.#roles.credentials(role);
  }

  denials(): readonly string[] {
    return this.#denials;
  }
}
