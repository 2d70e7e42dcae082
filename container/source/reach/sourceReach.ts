import { ForbiddenSourceError, type Lookup, resolveChecked } from '../../../functions/aws/dnsResolution.ts';
import { RecorderError } from '../../../functions/core/api/errors.ts';
import type { LeftOut } from '../../../functions/core/settings/selectTracks.ts';
import type { RecordingSettings } from '../../../functions/core/settings/settings.ts';
import { checkSource } from '../../../functions/core/source/policy.ts';
import { streamsOfSdp } from '../../../functions/core/source/sdp.ts';
import type { SdpMedium } from '../../../functions/core/source/sdpMedia.ts';
import type { SourceRules } from '../../../functions/core/source/sourceRules.ts';
import { type Source, urlOf, withCredentials } from '../../../functions/core/source/sourceUrl.ts';
import { srtQuery } from '../../../functions/core/source/srtQuery.ts';
import { FilterProxy } from './filterProxy.ts';
import { JudgedHttp } from './judgedHttp.ts';
import { describeRtsp } from './rtspDescription.ts';
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
/** An RTSP server that takes longer to say what it has is asked by ffmpeg alone. */
const DESCRIBED_MS = 3_000;
const REDIRECTS_MAX = 5;
const REDIRECTS_LATE = 'redirects in a way that is not followed: give the URL that it redirects to';
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
  readonly #transport: RecordingSettings['rtspTransport'];
  readonly #lookup: Lookup;
  #proxy: FilterProxy | undefined;
  #http: JudgedHttp | undefined;
  #access: SourceAccess | undefined;
  #redirects: boolean = false;
  #hasDescribed: boolean = false;
  readonly #refused: RtspRelayOptions['refused'] = new Map();
  /** So many of them the present relay was told of. */
  #left = 0;
  #relay: RtspRelay | undefined;
  /** What described itself, for the run that is prepared next: a name's next answer may be another one. */
  #described: Judged | undefined;

  constructor(
    { sources, rtspTransport }: Pick<RecordingSettings, 'sources' | 'rtspTransport'>,
    lookup: Lookup,
  ) {
    this.#rules = sources;
    this.#transport = rtspTransport;
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
    if (isRtsp(source)) this.#access = await this.#relayed(source, addresses);
    else if (source.scheme === 'srt') this.#access = pinned(source, addresses);
    else this.#access = await this.#proxied(source, isUntimed);
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
    if (!isRtsp(this.check(url))) return undefined;
    let at = await this.judge(url);
    for (let redirects = 0; ; redirects++) {
      this.#described = at;
      const { sdp, location } = await describeRtsp(at.source, at.addresses, DESCRIBED_MS);
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
   * @returns whether it may be able to: it refuses what a relay can do without
   */
  mayOpen(): boolean {
    return this.#refused.size > this.#left && this.#refused.size <= REFUSED_MAX;
  }

  /** The source is joined again: it may have by now what it has refused. */
  joinAgain(): void {
    this.#refused.clear();
    this.#left = 0;
  }

  async #redirected(location: string, from: Source): Promise<Judged> {
    const { source, addresses } = await this.judge(location);
    if (!isRtsp(source)) throw new ForbiddenSourceError('leads to a protocol that is not allowed');
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
    this.#relay = await RtspRelay.start({
      ...{ source, addresses, refused: this.#refused, transport: this.#transport },
      onFailure: (complaint) => this.#access?.fail(complaint),
      onRedirect: () => this.#access?.refuse(REDIRECTS_LATE),
    });
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
function pinned(source: Source, [address]: Addresses): SourceAccess {
  const host = address.includes(':') ? `[${address}]` : address;
  const { rest, options } = srtQuery(source.rest);
  return new SourceAccess({
    url: urlOf({ ...source, host, rest }),
    options: [...formatWhitelist(source), ...options],
    environment: {},
  });
}

const isRtsp = ({ scheme }: Pick<Source, 'scheme'>): boolean => scheme === 'rtsp' || scheme === 'rtsps';

function formatWhitelist({ scheme }: Source): string[] {
  return ['-format_whitelist', FORMATS[scheme] ?? ''];
}
