import type { EndCode, Reason } from '../../functions/core/state/objects.ts';

type Cause = readonly [RegExp, EndCode, string];

/** What ffmpeg says of a server that was reached, or could not be: the most telling first. Exit codes are 1 for all. */
const CAUSES: readonly Cause[] = [
  [
    // libsrt says it in lines of its own.
    /401 ?Unauthorized|403 ?Forbidden|Unauthorized|authentication failed|Incorrect passphrase|Password required/i,
    'source_unauthorised',
    'The source asks for other credentials.',
  ],
  [
    /404 ?Not Found|410 ?Gone|No such stream|StreamNotFound|NetStream\.Play\.Failed|Stream not found/i,
    'source_not_found',
    'The source has no such stream.',
  ],
  [
    // ffmpeg 7.1 has no space behind the status.
    /SETUP failed: 461(?!\d)/i,
    'source_failed',
    "The source's server does not send over the transport that was asked for: rtspTransport has another one.",
  ],
  [
    /Server returned [45]XX|HTTP error [45]\d\d|failed: [45]\d\d(?!\d)/i,
    'source_failed',
    "The source's server answered with an error of its own.",
  ],
  [
    /failed to set option SRTO_/i,
    'source_failed',
    "The source's URL has an SRT option that cannot be used (a passphrase has 10 to 79 characters).",
  ],
  [
    /the stream is scrambled/i,
    'source_not_media',
    'The source is scrambled (encrypted), and cannot be recorded.',
  ],
  [/Too many redirects/i, 'source_failed', 'The source redirects again and again.'],
  [/Connection refused/i, 'source_refused', 'Nothing listens at the source address.'],
  [
    /Failed to resolve hostname|Name or service not known|Temporary failure in name resolution/i,
    'source_unresolvable',
    'The host name of the source cannot be resolved.',
  ],
  [
    /Connection timed out|Operation timed out|timed out/i,
    'source_timed_out',
    'The source did not answer in time.',
  ],
];

const NO_FRAME: Reason = { code: 'source_timed_out', message: 'The source sent no frame in time.' };

/** What ffmpeg says of what it was sent. It says some of it as well when it was sent nothing for too long. */
const CONTENT_CAUSES: readonly Cause[] = [
  [
    /Number of streams exceeds max_streams/i,
    'source_not_media',
    'The source announces more than a thousand tracks, and ffmpeg found none to record among the first thousand.',
  ],
  [
    // Another protocol at that port; "wrong version number" is OpenSSL's for TLS, "unexpected TLS packet" GnuTLS's.
    /Invalid data found when processing input|could not find codec parameters|Unknown input format|Format not on |unexpected TLS packet|wrong version number|Stream ends prematurely at 0/i,
    'source_not_media',
    'The source sends something else than audio and video.',
  ],
  [
    /does not contain any stream|Output file #0 does not contain|matches no streams/i,
    'source_empty',
    'The source has neither video nor audio.',
  ],
];

/** What ffmpeg complained of in its last run, without the source's secrets. */
export interface Complained {
  /** Its errors and warnings. */
  readonly complaints: readonly string[];
  /** The last one, the errors before the warnings. */
  readonly complaint: string | undefined;
}

/**
 * Why ffmpeg ended without one fragment.
 * @param timedOut it was ended, or ended by itself, after it had waited for as long as it may
 */
export function openingFailure({ complaints, complaint }: Complained, timedOut: boolean): Reason {
  const reason = said(CAUSES, complaints) ??
    (timedOut ? NO_FRAME : said(CONTENT_CAUSES, complaints)) ?? {
      code: 'source_empty',
      message: 'The source ended before its first frame.',
    };
  return withComplaint(reason, complaint);
}

/**
 * Why a source has ended of which something was recorded.
 * @param awaitedMs how long it has been waited for since
 */
export function sourceEnded({ complaints, complaint }: Complained, awaitedMs: number): Reason {
  const away =
    awaitedMs === 0
      ? 'The source ended.'
      : `The source ended, and did not come back within ${awaitedMs / 1_000} s.`;
  const cause = said(CAUSES, complaints)?.message;
  const message = cause === undefined ? away : `${away} ${cause}`;
  return withComplaint({ code: 'source_ended', message }, complaint);
}

function said(causes: readonly Cause[], lines: readonly string[]): Reason | undefined {
  const found = causes.find(([pattern]) => lines.some((line) => pattern.test(line)));
  return found === undefined ? undefined : { code: found[1], message: found[2] };
}

function withComplaint(reason: Reason, complaint: string | undefined): Reason {
  return complaint === undefined ? reason : { ...reason, complaint };
}
