import { timingSafeEqual } from 'node:crypto';
import { type Decision, type Policy, policyOf, type Right, type Statement } from './policy.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of a role's; a user's own have none. */
  readonly sessionToken?: string;
}

/** Somebody who calls: a role that was assumed, or a user. */
export interface Identity {
  /** As errors name it, such as `arn:aws:sts::<account>:assumed-role/<role>/<session>`. */
  readonly arn: string;
  readonly credentials: Credentials;
  readonly statements: readonly Statement[];
}

/** A request that was refused for want of a right. */
export interface Denial {
  readonly arn: string;
  readonly right: Right;
  readonly decision: Exclude<Decision, 'allowed'>;
}

/** May do everything: whose account it is. */
export const ADMINISTRATOR_STATEMENTS: readonly Statement[] = [
  { Effect: 'Allow', Action: '*', Resource: '*' },
];

interface Known extends Identity {
  readonly policy: Policy;
}

/** Who may call the endpoints, and what each may do there. One for all endpoints of an account. */
export class Access {
  readonly #byKey: ReadonlyMap<string, Known>;
  readonly #onDenied: (denial: Denial) => void;

  /** @param onDenied told of each request that was refused */
  constructor(identities: readonly Identity[], onDenied: (denial: Denial) => void = () => undefined) {
    this.#byKey = new Map(
      identities.map((identity) => [
        identity.credentials.accessKeyId,
        { ...identity, policy: policyOf(identity.statements) },
      ]),
    );
    this.#onDenied = onDenied;
  }

  /** Of one who may do everything, and nobody else. */
  static administrator(credentials: Credentials): Access {
    const arn = 'arn:aws:iam::000000000000:user/administrator';
    return new Access([{ arn, credentials, statements: ADMINISTRATOR_STATEMENTS }]);
  }

  credentials(accessKeyId: string): Credentials | undefined {
    return this.#byKey.get(accessKeyId)?.credentials;
  }

  /** @returns the access key id of whoever has this session token */
  ownerOfToken(sessionToken: string): string | undefined {
    const owner = [...this.#byKey.values()].find(
      ({ credentials }) => credentials.sessionToken === sessionToken,
    );
    return owner?.credentials.accessKeyId;
  }

  /** @returns the first of the rights that the owner of this key has not; undefined if there is none */
  denied(accessKeyId: string, rights: readonly Right[]): Denial | undefined {
    const identity = this.#byKey.get(accessKeyId);
    if (identity === undefined) throw new Error(`nobody has the key ${accessKeyId}`);
    for (const right of rights) {
      const decision = identity.policy(right);
      if (decision === 'allowed') continue;
      const denial = { arn: identity.arn, right, decision };
      this.#onDenied(denial);
      return denial;
    }
    return undefined;
  }
}

/**
 * "Troubleshoot access denied error messages", IAM User Guide.
 * @param quote around the resource, where the service writes it so
 */
export function denialMessage({ arn, right: { action, resource }, decision }: Denial, quote = ''): string {
  const why =
    decision === 'explicitDeny'
      ? 'with an explicit deny in an identity-based policy'
      : `because no identity-based policy allows the ${action} action`;
  return `User: ${arn} is not authorized to perform: ${action} on resource: ${quote}${resource}${quote} ${why}`;
}

/** Compares secrets in the same time whatever they are. */
export function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
