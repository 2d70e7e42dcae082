import { type IpAddress, isIn, type Network, parseNetwork } from './ipAddress.ts';

/**
 * The rule against SSRF (server-side request forgery): which addresses, of IPv4 and IPv6, a source URL may lead a
 * recorder to. Asked for a literal address by ./policy.ts when a recording is asked for, and for what DNS and redirects
 * say by container/source/reach.
 */

/** What may be said of an address: nobody may reach it, a deployment may allow it, or everybody has it. */
export type AddressKind = 'never' | 'private' | 'public';

/** Out of reach whatever is configured: link-local with the metadata and credential endpoints, and what is no host. */
const NEVER = networks([
  '0.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  // With the broadcast address.
  '240.0.0.0/4',
  '::/128',
  'fe80::/10',
  // EC2's own services: instance metadata, DNS, time.
  'fd00:ec2::/32',
  'ff00::/8',
]);

/** IANA's special-purpose addresses that are no public hosts. */
const PRIVATE_IPV4 = networks([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
]);

const GLOBAL_IPV6 = networks(['2000::/3']);
const PRIVATE_IPV6 = networks(['2001:db8::/32', '3fff::/20']);

/** IPv6 that stands for an IPv4 address, and where its four bytes are. */
const EMBEDDED: readonly (readonly [Network, (bytes: IpAddress) => IpAddress])[] = [
  // IPv4-mapped, IPv4-translated, NAT64; 6to4; Teredo, which writes it inverted; IPv4-compatible.
  ...['::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96'].map(
    (cidr) => [network(cidr), (bytes: IpAddress) => bytes.slice(12)] as const,
  ),
  [network('2002::/16'), (bytes) => bytes.slice(2, 6)],
  [network('2001::/32'), (bytes) => bytes.slice(12).map((byte) => byte ^ 255)],
  [network('::/96'), (bytes) => bytes.slice(12)],
];

const LOOPBACK_IPV6 = network('::1/128');

/** Judges an address; of IPv6 that stands for an IPv4 address, that one. */
export function kindOf(address: IpAddress): AddressKind {
  if (NEVER.some((one) => isIn(address, one))) return 'never';
  if (address.length === 4) return PRIVATE_IPV4.some((one) => isIn(address, one)) ? 'private' : 'public';
  const inner = embeddedIpv4(address);
  if (inner !== undefined) return kindOf(inner);
  const isPublic =
    GLOBAL_IPV6.some((one) => isIn(address, one)) && !PRIVATE_IPV6.some((one) => isIn(address, one));
  return isPublic ? 'public' : 'private';
}

/** Whether a source may be there. @param allowed networks of private addresses that the deployment allows */
export function mayReach(address: IpAddress, allowed: readonly Network[]): boolean {
  const kind = kindOf(address);
  if (kind !== 'private') return kind === 'public';
  const judged = embeddedIpv4(address) ?? address;
  return allowed.some((one) => isIn(judged, one));
}

function embeddedIpv4(address: IpAddress): IpAddress | undefined {
  if (address.length === 4 || isIn(address, LOOPBACK_IPV6)) return undefined;
  const [, extract] = EMBEDDED.find(([one]) => isIn(address, one)) ?? [];
  return extract?.(address);
}

function networks(cidrs: readonly string[]): Network[] {
  return cidrs.map(network);
}

function network(cidr: string): Network {
  const parsed = parseNetwork(cidr);
  if (parsed === undefined) throw new Error(`${cidr} is no network`);
  return parsed;
}
