/** An IP address as its bytes: 4 of IPv4, 16 of IPv6. */
export type IpAddress = readonly number[];

/**
 * Reads an IPv4 address in every spelling that the system's resolver takes for one: `127.0.0.1`, `127.1`,
 * `2130706433`, `0x7f.0.0.1`, `0177.0.0.1`. A trailing dot does not matter.
 */
export function parseIpv4(text: string): IpAddress | undefined {
  const pieces = text.replace(/\.$/, '').split('.');
  if (pieces.length > 4) return undefined;
  const numbers = pieces.map(parseNumber);
  const last = numbers.pop();
  if (last === undefined || numbers.some((value) => value === undefined || value > 255)) return undefined;
  // The last number stands for all bytes that are left.
  const lastBytes = 4 - numbers.length;
  if (last >= 256 ** lastBytes) return undefined;
  const tail = Array.from(
    { length: lastBytes },
    (_, i) => Math.floor(last / 256 ** (lastBytes - 1 - i)) % 256,
  );
  return [...(numbers as number[]), ...tail];
}

function parseNumber(text: string): number | undefined {
  if (/^0x[0-9a-f]{1,8}$/i.test(text)) return Number.parseInt(text, 16);
  if (/^0[0-7]{0,11}$/.test(text)) return Number.parseInt(text, 8);
  return /^[1-9]\d{0,9}$/.test(text) ? Number.parseInt(text, 10) : undefined;
}

/** Reads an IPv6 address, without brackets and zone: `::1`, `::ffff:127.0.0.1`. */
export function parseIpv6(text: string): IpAddress | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = [groupsOf(halves[0] ?? ''), groupsOf(halves[1] ?? '')];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  // `::` stands for at least one group.
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  return [...head, ...Array<number>(missing).fill(0), ...tail];
}

/** The bytes of one side of `::`; its last group may be a dotted IPv4 address. */
function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  const bytes: number[] = [];
  for (const [i, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
      continue;
    }
    const dotted = i === groups.length - 1 && /^\d+(\.\d+){3}$/.test(group) ? parseIpv4(group) : undefined;
    if (dotted === undefined) return undefined;
    bytes.push(...dotted);
  }
  return bytes;
}

/** An address in any spelling, IPv6 with or without brackets; undefined for a name. */
export function parseIp(text: string): IpAddress | undefined {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  return bare.includes(':') ? parseIpv6(bare) : parseIpv4(bare);
}

/** The plain spelling, without brackets: dotted decimal, or eight groups of IPv6. */
export function formatIp(address: IpAddress): string {
  if (address.length === 4) return address.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => (address[2 * i] ?? 0) * 256 + (address[2 * i + 1] ?? 0));
  return groups.map((group) => group.toString(16)).join(':');
}

export interface Network {
  readonly base: IpAddress;
  readonly prefixBits: number;
}

/** Reads a CIDR such as `10.0.0.0/16` or `fd12::/32`; the address must be spelled out and be the network's first. */
export function parseNetwork(text: string): Network | undefined {
  const [, address = '', digits = ''] = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(text) ?? [];
  const base =
    /^\d{1,3}(\.\d{1,3}){3}$/.test(address) || address.includes(':') ? parseIp(address) : undefined;
  const prefixBits = Number(digits);
  if (base === undefined || prefixBits > base.length * 8) return undefined;
  const network = { base, prefixBits };
  const hostBits = base.flatMap(bitsOf).slice(prefixBits);
  return hostBits.includes(1) ? undefined : network;
}

export function isIn(address: IpAddress, { base, prefixBits }: Network): boolean {
  if (address.length !== base.length) return false;
  const wholeBytes = prefixBits >> 3;
  for (let i = 0; i < wholeBytes; i++) if (address[i] !== base[i]) return false;
  const shift = 8 - (prefixBits & 7);
  return shift === 8 || (address[wholeBytes] ?? 0) >> shift === (base[wholeBytes] ?? 0) >> shift;
}

function bitsOf(byte: number): number[] {
  return [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (byte >> bit) & 1);
}
