import { connect } from 'node:net';
import {
  answering,
  ForbiddenSourceError,
  type Lookup,
  resolveChecked,
} from '../../../functions/aws/dnsResolution.ts';
import { RecorderError } from '../../../functions/core/api/errors.ts';
import { checkSource } from '../../../functions/core/source/policy.ts';
import type { SourceRules } from '../../../functions/core/source/sourceRules.ts';
import type { Source } from '../../../functions/core/source/sourceUrl.ts';
import { FilterProxy } from './filterProxy.ts';
import { JudgedHttp } from './judgedHttp.ts';
import { describeRtsp } from './rtspDescription.ts';
import { RtspRelay } from './rtspRelay.ts';
import { SourceAccess } from './sourceAccess.ts';

/** Containers that ffmpeg may find, by scheme: no playlist, and none that names files or other inputs. */
const FORMATS_OVER_HTTP =
  'flv,live_flv,mpegts,mov,matroska,aac,loas,ac3,eac3,mp3,ogg,wav,flac,h264,hevc,webvtt,mpeg,mpjpeg';
const FORMATS: Readonly<Record<string, string>> = {
  rtsp: 'rtsp',
  rtsps: 'rtsp',
  srt: 'mpegts',
  http: FORMATS_OVER_HTTP,
  https: FORMATS_OVER_HTTP,
};
/** ffmpeg takes pictures that say no times for a 25th of a second each. */
const TIMED_BY_CLOCK = ['-use_wallclock_as_timestamps', '1'];
const DEFAULT_PORTS: Readonly<Record<string, number>> = { rtsp: 554 };
/** As long as a server may take to answer where it has several addresses. */
const TRY_MS = 3_000;
/** An RTSP server that takes longer to say what it has is asked by ffmpeg alone. */
const DESCRIBED_MS = 3_000;

type Addresses = readonly [string, ...string[]];

/** The recorder's way to its source: nothing is connected to that the deployment does not allow. */
export class SourceReach {
  readonly #rules: SourceRules;
  readonly #lookup: Lookup;
  #proxy: FilterProxy | undefined;
  #http: JudgedHttp | undefined;
  #access: SourceAccess | undefined;
  /** `RtspDescription.isBeyondFfmpeg`: a relay stands between them. */
  #isBeyondFfmpeg: boolean = false;
  #relay: RtspRelay | undefined;
  /** For the run that was prepared last: a name's next answer may be another one. */
  #judged: { readonly host: string; readonly addresses: Addresses } | undefined;

  constructor(rules: SourceRules, lookup: Lookup) {
    this.#rules = rules;
    this.#lookup = lookup;
  }

  /**
   * Judges the source for one run of ffmpeg, anew each time: names get other addresses.
   * @param isUntimed its times are those at which it comes
   * @throws ForbiddenSourceError, UnresolvableSourceError
   */
  async prepare(url: string, isUntimed = false): Promise<SourceAccess> {
    const { source, addresses } = await this.judge(url);
    this.#judged = { host: source.host, addresses };
    const isPinned = ['rtsp', 'srt'].includes(source.scheme);
    if (this.#isBeyondFfmpeg) this.#access = await this.#relayed(source, addresses);
    else this.#access = isPinned ? await pinned(source, addresses) : await this.#proxied(source, isUntimed);
    return this.#access;
  }

  /**
   * Judges the source for one connection of the recorder's own, anew each time. Nobody but these addresses may be connected
   * to.
   * @throws ForbiddenSourceError, UnresolvableSourceError
   */
  async judge(url: string): Promise<{ readonly source: Source; readonly addresses: Addresses }> {
    const source = this.check(url);
    return { source, addresses: await resolveChecked(source.host, this.#rules, this.#lookup) };
  }

  /** What is prepared from now on is another way than before. */
  get isBeyondFfmpeg(): boolean {
    return this.#isBeyondFfmpeg;
  }

  /**
   * What an RTSP server says of its stream, at the address that the prepared run goes to; undefined when only ffmpeg can
   * find out.
   * @throws ForbiddenSourceError, UnresolvableSourceError
   */
  async describe(url: string): Promise<string | undefined> {
    const source = this.check(url);
    if (!source.scheme.startsWith('rtsp')) return undefined;
    const judged = this.#judged?.host === source.host ? this.#judged.addresses : undefined;
    const addresses = judged ?? (await resolveChecked(source.host, this.#rules, this.#lookup));
    const { sdp, isBeyondFfmpeg } = await describeRtsp(source, addresses, DESCRIBED_MS);
    this.#isBeyondFfmpeg ||= isBeyondFfmpeg;
    return sdp;
  }

  /** The recorder's own requests to the source, under the same rules. */
  http(idleTimeoutMs: number): JudgedHttp {
    this.#http ??= new JudgedHttp({ rules: this.#rules, lookup: this.#lookup, idleTimeoutMs });
    return this.#http;
  }

  /** Judges the source as far as it can be said without connecting. @throws ForbiddenSourceError */
  check(url: string): Source {
    try {
      return checkSource(url, 'The source', this.#rules);
    } catch (error) {
      if (!(error instanceof RecorderError)) throw error;
      throw new ForbiddenSourceError(error.message.replace(/^The source /, ''), { cause: error });
    }
  }

  async close(): Promise<void> {
    this.#http?.close();
    await this.#proxy?.close();
    this.#relay?.close();
  }

  async #relayed(source: Source, addresses: Addresses): Promise<SourceAccess> {
    this.#relay?.close();
    this.#relay = await RtspRelay.start({ source, addresses });
    return new SourceAccess({ url: this.#relay.url, options: formatWhitelist(source), environment: {} });
  }

  async #proxied(source: Source, isUntimed: boolean): Promise<SourceAccess> {
    this.#proxy ??= await FilterProxy.start({
      rules: this.#rules,
      lookup: this.#lookup,
      onForbidden: (error) => this.#access?.refuse(error.message),
      onFailure: (complaint) => this.#access?.fail(complaint),
    });
    return new SourceAccess({
      url: source.url,
      options: [...formatWhitelist(source), ...(isUntimed ? TIMED_BY_CLOCK : [])],
      environment: { http_proxy: this.#proxy.url },
    });
  }
}

/** The URL with a judged address in the place of the host, so that ffmpeg does not ask DNS again. */
async function pinned(source: Source, addresses: Addresses): Promise<SourceAccess> {
  const { scheme, userinfo, port, rest } = source;
  const address = await firstThatAnswers(source, addresses);
  const host = address.includes(':') ? `[${address}]` : address;
  return new SourceAccess({
    url: [
      `${scheme}://`,
      userinfo === undefined ? '' : `${userinfo}@`,
      host,
      port === undefined ? '' : `:${port}`,
      rest,
    ].join(''),
    options: formatWhitelist(source),
    environment: {},
  });
}

function formatWhitelist({ scheme }: Source): string[] {
  return ['-format_whitelist', FORMATS[scheme] ?? ''];
}

/** ffmpeg would try all addresses of a name and gets one: the first that takes a connection, else the first. */
async function firstThatAnswers(
  { scheme, port = DEFAULT_PORTS[scheme] }: Source,
  addresses: Addresses,
): Promise<string> {
  const [first, ...others] = addresses;
  if (others.length === 0 || scheme === 'srt' || port === undefined) return first;
  const socket = connect({ host: 'judged.invalid', port, lookup: answering(addresses), timeout: TRY_MS });
  try {
    return await new Promise<string>((resolve) => {
      socket.once('connect', () => resolve(socket.remoteAddress ?? first));
      socket.once('error', () => resolve(first));
      socket.once('timeout', () => resolve(first));
    });
  } finally {
    socket.destroy();
  }
}
