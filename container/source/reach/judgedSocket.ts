import { connect as connectPlain, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { answering } from '../../../functions/aws/dnsResolution.ts';
import { complaintOf } from './filterProxy.ts';

export interface JudgedSocketOptions {
  /** As the source has it: servers choose a certificate by it. */
  readonly host: string;
  readonly port: number;
  /** The host's, which were judged: nobody else is connected to. */
  readonly addresses: readonly [string, ...string[]];
  readonly isSecure: boolean;
  readonly onread?: OnReadOpts;
}

/** Connects to a source. Its certificate is not checked, as ffmpeg has it: cameras and media servers have their own. */
export function connectJudged({ host, port, addresses, isSecure, onread }: JudgedSocketOptions): Socket {
  const read = onread === undefined ? {} : { onread };
  const options = { host: 'judged.invalid', port, lookup: answering(addresses), noDelay: true, ...read };
  if (!isSecure) return connectPlain(options);
  const name = isIP(host) === 0 && !host.startsWith('[') ? { servername: host } : {};
  return connectTls({ ...options, ...name, rejectUnauthorized: false });
}

/** Why there is no connection any more, in ffmpeg's words for it. */
export function connectionComplaint(error: unknown): string {
  const isOfTls = /^(EPROTO|ERR_SSL_)/.test((error as NodeJS.ErrnoException).code ?? '');
  return complaintOf(error) ?? (isOfTls ? 'unexpected TLS packet' : 'Input/output error');
}
