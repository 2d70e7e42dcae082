import * as z from 'zod/mini';
import { parseIp, parseNetwork } from './ipAddress.ts';

export const SOURCE_SCHEMES = ['rtmp', 'rtmps', 'rtsp', 'rtsps', 'srt', 'http', 'https'] as const;

/** Names as DNS has them; other names are to be written as `xn--…`. */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i;
/** What ends in a number is an address, or a mistake that some resolver takes for one. */
const ENDS_IN_NUMBER = /(^|\.)(\d+|0x[0-9a-f]*)\.?$/i;

/** A name or an address, in any of its spellings; IPv6 in brackets or without. */
export function isHost(text: string): boolean {
  return parseIp(text) !== undefined || (HOST_NAME.test(text) && !ENDS_IN_NUMBER.test(text));
}

const hostRule = z
  .string()
  .check(
    z.refine(
      (text) => isHost(text.replace(/^\*\./, '')),
      'must be a host name, a pattern such as *.example.com, or an address',
    ),
  );
const networkRule = z
  .string()
  .check(
    z.refine(
      (text) => parseNetwork(text) !== undefined,
      'must be a CIDR with the first address of its network, such as 10.0.0.0/16 or fd12:3456::/48',
    ),
  );

/** Names of Secrets Manager; one that ends in `*` stands for all that begin so. */
const SECRET_PATTERN = /^[A-Za-z0-9/_+=.@-]{1,512}\*?$/;
const SECRET_PATTERNS_MAX = 20;
const secretRule = z
  .string()
  .check(
    z.regex(
      SECRET_PATTERN,
      'must be the name of a secret of Secrets Manager, such as cameras/lobby or cameras/*',
    ),
  );

/** What a source may reach. A deployment says it; a start cannot change it. */
export const sourceRulesSchema = z.strictObject({
  schemes: z.array(z.enum(SOURCE_SCHEMES)).check(z.minLength(1)),
  /** Names, patterns such as `*.example.com`, or addresses; none: any host. */
  hosts: z.array(hostRule),
  /** Networks of non-public addresses that may be reached: the VPC where a media server is. */
  privateNetworks: z.array(networkRule),
  /** Names of secrets that sources' credentials may be in; `cameras/*` is all that begin so. None by default. */
  secrets: z.exactOptional(z.array(secretRule).check(z.maxLength(SECRET_PATTERNS_MAX))),
});
export type SourceRules = z.infer<typeof sourceRulesSchema>;

export const DEFAULT_SOURCE_RULES: SourceRules = {
  schemes: [...SOURCE_SCHEMES],
  hosts: [],
  privateNetworks: [],
};
