import { lookup as systemLookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { formatIp, type IpAddress, parseIp } from '../core/source/ipAddress.ts';
import { ADDRESS_REFUSED, HOST_REFUSED, isAddressAllowed, isHostAllowed } from '../core/source/policy.ts';
import type { SourceRules } from '../core/source/sourceRules.ts';

/** All addresses of a host name. @throws when there are none, or nobody answers */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** As every program of the system resolves names. */
export const lookupBySystem: Lookup = async (host) =>
  (await systemLookup(host, { all: true })).map(({ address }) => address);

/** The source may not be reached. The message tells the caller what to change, and no address. */
export class ForbiddenSourceError extends Error {
  override readonly name = 'ForbiddenSourceError';
}

/** ffmpeg's words for a name without an address, by which such an end is known. */
export const UNRESOLVABLE = 'Failed to resolve hostname';

/** The host name has no address now. */
export class UnresolvableSourceError extends Error {
  override readonly name = 'UnresolvableSourceError';
}

/**
 * Asks once for a host's addresses, and judges every one: a name with one address that is not allowed is refused,
 * since nobody knows which one would be taken. Only what this returns may be connected to.
 * @returns at least one address, in the order of preference, without brackets
 * @throws ForbiddenSourceError, UnresolvableSourceError
 */
export async function resolveChecked(
  host: string,
  rules: SourceRules,
  lookup: Lookup,
): Promise<readonly [string, ...string[]]> {
  if (!isHostAllowed(host, rules)) throw new ForbiddenSourceError(`leads to ${HOST_REFUSED}`);
  const literal = parseIp(host);
  const addresses = literal === undefined ? await resolve(host, lookup) : [literal];
  if (!addresses.every((address) => isAddressAllowed(address, rules))) {
    throw new ForbiddenSourceError(`is ${ADDRESS_REFUSED}`);
  }
  const [first, ...others] = addresses.map(formatIp);
  if (first === undefined) throw new UnresolvableSourceError('the host name has no address');
  return [first, ...others];
}

async function resolve(host: string, lookup: Lookup): Promise<readonly IpAddress[]> {
  let answers: readonly string[];
  try {
    answers = await lookup(host);
  } catch (error) {
    throw new UnresolvableSourceError('the host name cannot be resolved', { cause: error });
  }
  return answers.map((answer) => {
    // A zone belongs to a link-local address, which is refused by its first bits.
    const address = parseIp(answer.replace(/%.*$/, ''));
    if (address === undefined)
      throw new UnresolvableSourceError('the resolver gave something else than an address');
    return address;
  });
}

/** A resolver for `connect` that knows its answer; all of it where Node asks for all. */
export function answering(addresses: readonly [string, ...string[]]): LookupFunction {
  const answers = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return (_host, options, callback) => {
    if (options.all === true) callback(null, answers);
    else callback(null, answers[0]?.address ?? '', answers[0]?.family);
  };
}
