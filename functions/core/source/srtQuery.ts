import { safeDecode } from './sourceUrl.ts';

/** What of an SRT URL's query is text, and ffmpeg's options for it. */
const TEXTS: Readonly<Record<string, string>> = {
  passphrase: '-passphrase',
  streamid: '-srt_streamid',
  srt_streamid: '-srt_streamid',
};

export interface SrtQuery {
  /** What a URL has behind host and port, without its texts. */
  readonly rest: string;
  /** ffmpeg's options for the texts. */
  readonly options: readonly string[];
}

/**
 * The texts of an SRT URL, decoded. In a URL ffmpeg takes a passphrase as it is written, a stream's id so (5.1) or decoded
 * (7.1), no more than 255 bytes of each, and a plus sign for a space.
 * @param rest `Source.rest`: whatever follows its first question mark is the query, a number sign or not
 */
export function srtQuery(rest: string): SrtQuery {
  const queryAt = rest.indexOf('?');
  if (queryAt < 0) return { rest, options: [] };
  const options: string[] = [];
  const others = rest
    .slice(queryAt + 1)
    .split('&')
    .filter((pair) => {
      const [name = '', ...value] = pair.split('=');
      const option = Object.hasOwn(TEXTS, name) ? TEXTS[name] : undefined;
      if (option !== undefined) options.push(option, safeDecode(value.join('=')));
      return option === undefined;
    });
  const query = others.length === 0 ? '' : `?${others.join('&')}`;
  return { rest: `${rest.slice(0, queryAt)}${query}`, options };
}
