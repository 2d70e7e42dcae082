import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindOf, mayReach } from '../../../../functions/core/source/addressRules.ts';
import {
  formatIp,
  type IpAddress,
  parseIp,
  parseIpv4,
  parseNetwork,
} from '../../../../functions/core/source/ipAddress.ts';

const byte = fc.nat(255);
const ipv4 = fc.tuple(byte, byte, byte, byte);
const ipv6 = fc.array(byte, { minLength: 16, maxLength: 16 });

const address = (text: string): IpAddress => {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
};
const networks = (...cidrs: string[]) => cidrs.flatMap((cidr) => parseNetwork(cidr) ?? []);

/** Every spelling of an IPv4 address that getaddrinfo takes. */
function spellings([a, b, c, d]: readonly [number, number, number, number]): string[] {
  const whole = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
  const octal = (value: number): string => `0${value.toString(8)}`;
  return [
    `${a}.${b}.${c}.${d}`,
    `${a}.${b}.${c}.${d}.`,
    `${a}.${b}.${c * 256 + d}`,
    `${a}.${b * 65_536 + c * 256 + d}`,
    `${whole}`,
    `0x${whole.toString(16)}`,
    octal(whole),
    [a, b, c, d].map((value) => `0X${value.toString(16)}`).join('.'),
    [a, b, c, d].map(octal).join('.'),
    `${octal(a)}.0x${(b * 65_536 + c * 256 + d).toString(16)}`,
  ];
}

describe('addresses', () => {
  it('are read in every spelling of IPv4', () => {
    fc.assert(
      fc.property(ipv4, (bytes) => {
        for (const text of spellings(bytes)) expect(parseIp(text), text).toEqual(bytes);
      }),
    );
  });

  it('are read in IPv6 as Node writes and shortens them', () => {
    fc.assert(
      fc.property(ipv6, (bytes) => {
        expect(parseIp(formatIp(bytes))).toEqual(bytes);
        const shortened = new URL(`http://[${formatIp(bytes)}]/`).hostname;
        expect(parseIp(shortened), shortened).toEqual(bytes);
      }),
    );
  });

  it('agree with Node on what is an address', () => {
    const text = fc.stringMatching(/^[0-9a-f:.]{1,20}$/);
    fc.assert(
      fc.property(text, (candidate) => {
        if (isIP(candidate) === 0) return;
        expect(parseIp(candidate), candidate).toBeDefined();
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f:]{2,24}$/), (candidate) => {
        if (candidate.includes(':'))
          expect(parseIp(candidate) !== undefined, candidate).toBe(isIP(candidate) === 6);
      }),
    );
  });

  it.each([
    '256.1.1.1',
    '1.2.3.4.5',
    '4294967296',
    '08.1',
    '',
    'media.example',
    '1::2::3',
    '1:2:3:4:5:6:7',
    ':::',
  ])('%j is none', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it.each(['10.0.0.0/33', '10.0.0.1/8', '10.0.0.0', '10/8', '0x0a.0.0.0/8', 'fd00::/129', 'a/8', ''])(
    '%j is no network',
    (cidr) => {
      expect(parseNetwork(cidr)).toBeUndefined();
    },
  );
});

describe('an address', () => {
  it.each([
    ['8.8.8.8', 'public'],
    ['172.32.0.1', 'public'],
    ['100.128.0.1', 'public'],
    ['2600:1f18::1', 'public'],
    ['127.0.0.1', 'private'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private'],
    ['192.0.0.8', 'private'],
    ['192.0.2.1', 'private'],
    ['198.19.255.255', 'private'],
    ['198.51.100.1', 'private'],
    ['203.0.113.1', 'private'],
    ['::1', 'private'],
    ['fc00::1', 'private'],
    ['fd12:3456::1', 'private'],
    ['2001:db8::1', 'private'],
    ['64:ff9b:1::808:808', 'private'],
    ['fec0::1', 'private'],
    ['100::1', 'private'],
    ['169.254.169.254', 'never'],
    ['169.254.170.2', 'never'],
    ['0.0.0.0', 'never'],
    ['224.0.0.1', 'never'],
    ['255.255.255.255', 'never'],
    ['240.0.0.1', 'never'],
    ['::', 'never'],
    ['fe80::1', 'never'],
    ['febf::1', 'never'],
    ['ff02::1', 'never'],
    ['fd00:ec2::254', 'never'],
    ['fd00:ec2::23', 'never'],
  ])('%s is %s', (text, kind) => {
    expect(kindOf(address(text))).toBe(kind);
  });

  it('of IPv6 that stands for one of IPv4 is judged as that', () => {
    fc.assert(
      fc.property(ipv4, (inner) => {
        const hex = (pair: readonly number[]): string => ((pair[0] ?? 0) * 256 + (pair[1] ?? 0)).toString(16);
        const [high, low] = [hex(inner.slice(0, 2)), hex(inner.slice(2))];
        const inverted = inner.map((value) => value ^ 255);
        const forms = [
          `::ffff:${high}:${low}`,
          `::ffff:0:${high}:${low}`,
          `64:ff9b::${high}:${low}`,
          `2002:${high}:${low}::1`,
          `2001:0:1:2:3:4:${hex(inverted.slice(0, 2))}:${hex(inverted.slice(2))}`,
        ];
        for (const form of forms) expect(kindOf(address(form)), form).toBe(kindOf(inner));
      }),
    );
    expect(kindOf(address('::127.0.0.2'))).toBe('private');
    expect(kindOf(address('::169.254.169.254'))).toBe('never');
  });

  it('that is private is reached where its network is allowed, and one that nobody may reach never is', () => {
    const all = networks('0.0.0.0/0', '::/0');
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (bytes) => {
        expect(mayReach(bytes, [])).toBe(kindOf(bytes) === 'public');
        expect(mayReach(bytes, all)).toBe(kindOf(bytes) !== 'never');
      }),
    );
    const vpc = networks('10.0.0.0/16', 'fd12::/32');
    expect(mayReach(address('10.0.255.255'), vpc)).toBe(true);
    expect(mayReach(address('10.1.0.0'), vpc)).toBe(false);
    expect(mayReach(address('::ffff:10.0.0.1'), vpc)).toBe(true);
    expect(mayReach(address('fd12::9'), vpc)).toBe(true);
    expect(mayReach(address('fd13::9'), vpc)).toBe(false);
  });

  it('belongs to a network by its first bits alone', () => {
    fc.assert(
      fc.property(ipv4, fc.integer({ min: 0, max: 32 }), (bytes, prefixBits) => {
        const value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
        const kept = (value >> BigInt(32 - prefixBits)) << BigInt(32 - prefixBits);
        const base = parseIpv4(String(kept)) ?? [];
        expect(parseNetwork(`${formatIp(base)}/${prefixBits}`)).toEqual({ base, prefixBits });
      }),
    );
  });
});
