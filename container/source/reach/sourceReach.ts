import { connect } from 'node:net';
import {
  answering,
  ForbiddenSourceError,
  type Lookup,
  resolveChecked,
} from '../../../functions/aws/dnsResolution.ts';
import { RecorderError } from '../../../functions/core/api/errors.ts';
import type { LeftOut } from '../../../functions/core/settings/selectTracks.ts';
import { checkSource } from '../../../functions/core/source/policy.ts';
import { streamsOfSdp } from '../../../functions/core/source/sdp.ts';
import type { SdpMedium } from '../../../functions/core/source/sdpMedia.ts';
import type { SourceRules } from '../../../functions/core/source/sourceRules.ts';
import {
  DEFAULT_PORTS,
  type Source,
  urlOf,
  withCredentials,
} from '../../../functions/core/source/sourceUrl.ts';
import { srtQuery } from '../../../functions/core/source/srtQuery.ts';
import { FilterProxy } from './filterProxy.ts';
import { JudgedHttp } from './judgedHttp.ts';
import { describeRtsp, isKeptBySetting } from './rtspDescription.ts';
import { RtspRelay, type RtspRelayOptions } from './rtspRelay.ts';
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
/** As long as a server may take to answer where it has several addresses. */
const TRY_MS = 3_000;
/** An RTSP server that takes longer to say what it has is asked by ffmpeg alone. */
const DESCRIBED_MS = 3_000;
/** Whoever waits for it has lost the source already. */
const OPTIONS_MS = 1_000;
const REDIRECTS_MAX = 5;
/** Media that a server describes and does not set up; each costs a connection. */
const REFUSED_MAX = 8;

type Addresses = readonly [string, ...string[]];

interface Judged {
  readonly source: Source;
  readonly addresses: Addresses;
}

/** The recorder's way to its source: nothing is connected to that the deployment does not allow. */
export class SourceReach {
  readonly #rules: SourceRules;
  readonly #lookup: Lookup;
  #proxy: FilterProxy | undefined;
  #http: JudgedHttp | undefined;
  #access: SourceAccess | undefined;
  /** `RtspDescription.isBeyondFfmpeg`: a relay stands between them. */
  #isBeyondFfmpeg: boolean = false;
  /** It has been joined again, and nobody knows yet how it is kept. */
  #isToBeAsked: boolean = false;
  #hasBeenJoined: boolean = false;
  #redirects: boolean = false;
  #hasDescribed: boolean = false;
  readonly #refused: RtspRelayOptions['refused'] = new Map();
  /** So many of them the present relay was told of. */
  #left = 0;
  #relay: RtspRelay | undefined;
  /** What described itself, for the run that is prepared next: a name's next answer may be another one. */
  #described: Judged | undefined;

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
    const { source, addresses } = this.#described ?? (await this.judge(url));
    this.#described = undefined;
    const isPinned = ['rtsp', 'srt'].includes(source.scheme);
    // ffmpeg gets what the source's own scheme needs.
    if (this.#isToBeAsked && source.scheme.startsWith('rtsp')) {
      const isKept = await isKeptBySetting(source, addresses, OPTIONS_MS);
      this.#isToBeAsked = isKept === undefined;
      this.#isBeyondFfmpeg ||= isKept === true;
    }
    const isElsewhere = source.scheme !== this.check(url).scheme;
    if (this.#isBeyondFfmpeg || isElsewhere) this.#access = await this.#relayed(source, addresses);
    else this.#access = isPinned ? await pinned(source, addresses) : await this.#proxied(source, isUntimed);
    return this.#access;
  }

  /**
   * Judges the source for one connection of the recorder's own, anew each time. Nobody but these addresses may be connected
   * to.
   * @throws ForbiddenSourceError, UnresolvableSourceError
   */
  async judge(url: string): Promise<Judged> {
    const source = this.check(url);
    return { source, addresses: await resolveChecked(source.host, this.#rules, this.#lookup) };
  }

  /** An RTSP server has sent whoever asked to another place: it is to be asked before each run where that is now. */
  get redirects(): boolean {
    return this.#redirects;
  }

  /**
   * What an RTSP server says of its stream, at the address that the run goes to that is prepared next; undefined when only
   * ffmpeg can find out. A server that sends whoever asks elsewhere is followed.
   * @throws ForbiddenSourceError, UnresolvableSourceError
   */
  async describe(url: string): Promise<string | undefined> {
    if (!this.check(url).scheme.startsWith('rtsp')) return undefined;
    let at = await this.judge(url);
    for (let redirects = 0; ; redirects++) {
      this.#described = at;
      const { sdp, isBeyondFfmpeg, location } = await describeRtsp(at.source, at.addresses, DESCRIBED_MS);
      this.#isBeyondFfmpeg ||= isBeyondFfmpeg;
      this.#hasDescribed = sdp !== undefined;
      if (location === undefined || redirects === REDIRECTS_MAX) return sdp;
      this.#redirects = true;
      at = await this.#redirected(location, at.source);
    }
  }

  /** `describe` was given a description, when it was called last. */
  get hasDescribed(): boolean {
    return this.#hasDescribed;
  }

  /**
   * ffmpeg has opened nothing.
   * @returns whether it may be able to: what has described itself is there, and refuses what a relay can do without
   */
  mayOpen(): boolean {
    if (!this.#hasDescribed) return false;
    const isNew = !this.#isBeyondFfmpeg || this.#refused.size > this.#left;
    this.#isBeyondFfmpeg = true;
    return isNew && this.#refused.size <= REFUSED_MAX;
  }

  /** The source is joined again: it may have by now what it has refused, and it may have left whoever did not keep it. */
  joinAgain(): void {
    this.#refused.clear();
    this.#left = 0;
    this.#isToBeAsked ||= !this.#hasBeenJoined;
    this.#hasBeenJoined = true;
  }

  async #redirected(location: string, from: Source): Promise<Judged> {
    const { source, addresses } = await this.judge(location);
    if (!source.scheme.startsWith('rtsp'))
      throw new ForbiddenSourceError('leads to a protocol that is not allowed');
    return { source: withCredentials(source, from), addresses };
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
    this.#left = this.#refused.size;
    this.#relay = await RtspRelay.start({ source, addresses, refused: this.#refused });
    const leftOut = leftOutOf([...this.#refused.values()]);
    const options = formatWhitelist(source);
    return new SourceAccess({ url: this.#relay.url, options, environment: {}, leftOut });
  }

  async #proxied(source: Source, isUntimed: boolean): Promise<SourceAccess> {
    this.#proxy ??= await FilterProxy.start({
      rules: this.#rules,
      lookup: this.#lookup,
      onForbidden: (error) => this.#access?.refuse(error.message),
      onFailure: (complaint) => this.#access?.fail(complaint),
    });
    return new SourceAccess({
      url: urlOf(source),
      options: [...formatWhitelist(source), ...(isUntimed ? TIMED_BY_CLOCK : [])],
      environment: { http_proxy: this.#proxy.url },
    });
  }
}

const leftOutOf = (media: readonly SdpMedium[]): readonly LeftOut[] =>
  media
    .flatMap(({ text }) => streamsOfSdp(text) ?? [])
    .map(({ kind, codec }) => ({ kind, codec, reason: 'never_came', count: 1 }));

/** The URL with a judged address in the place of the host, so that ffmpeg does not ask DNS again. */
async function pinned(source: Source, addresses: Addresses): Promise<SourceAccess> {
  const address = await firstThatAnswers(source, addresses);
  const host = address.includes(':') ? `[${address}]` : address;
  const { rest, options } =
    source.scheme === 'srt' ? srtQuery(source.rest) : { rest: source.rest, options: [] };
  return new SourceAccess({
    url: urlOf({ ...source, host, rest }),
    options: [...formatWhitelist(source), ...options],
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
