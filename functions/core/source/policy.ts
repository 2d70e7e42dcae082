import { RecorderError } from '../api/errors.ts';
import { mayReach } from './addressRules.ts';
import { type IpAddress, parseIp, parseNetwork } from './ipAddress.ts';
import type { SourceRules } from './sourceRules.ts';
import { parseSource, type Source } from './sourceUrl.ts';

/** What callers are told; an address is not named, since the answer would map the network for whoever asks. */
export const ADDRESS_REFUSED =
  'at an address that this deployment does not allow: see sources.privateNetworks';
export const HOST_REFUSED = 'a host that this deployment does not allow: see sources.hosts';

/**
 * Checks a source URL against what the deployment allows, as far as it can be said without asking DNS.
 * @throws RecorderError invalid_request on `field`, naming the rule
 */
export function checkSource(url: string, field: string, rules: SourceRules): Source {
  const source = parseSource(url, field);
  const refuse = (rule: string): RecorderError =>
    new RecorderError('invalid_request', `${field} ${rule}`, { field });
  if (!rules.schemes.some((scheme) => scheme === source.scheme)) {
    throw refuse(`must have one of the schemes that this deployment allows: ${rules.schemes.join(', ')}`);
  }
  if (!isHostAllowed(source.host, rules)) throw refuse(`has ${HOST_REFUSED}`);
  const address = parseIp(source.host);
  if (address !== undefined && !isAddressAllowed(address, rules)) throw refuse(`is ${ADDRESS_REFUSED}`);
  if (source.scheme === 'srt' && !isCaller(source)) {
    throw refuse('must not have another SRT mode than caller: a recorder does not listen');
  }
  return source;
}

/** Whether the allow-list of hosts has this name or address; an empty list has all. */
export function isHostAllowed(host: string, { hosts }: SourceRules): boolean {
  if (hosts.length === 0) return true;
  const address = parseIp(host);
  const name = plainName(host);
  return hosts.some((allowed) => {
    const allowedAddress = parseIp(allowed);
    if (address !== undefined || allowedAddress !== undefined) {
      return address !== undefined && address.join() === allowedAddress?.join();
    }
    const pattern = plainName(allowed);
    return pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern;
  });
}

export function isAddressAllowed(address: IpAddress, { privateNetworks }: SourceRules): boolean {
  return mayReach(
    address,
    privateNetworks.flatMap((cidr) => parseNetwork(cidr) ?? []),
  );
}

/** Whatever follows the first `?` is what SRT's options are read from, a `#` or not. */
function isCaller({ rest }: Source): boolean {
  const query = rest.includes('?') ? rest.slice(rest.indexOf('?') + 1) : '';
  return new URLSearchParams(query).getAll('mode').every((mode) => mode === 'caller');
}

function plainName(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}
