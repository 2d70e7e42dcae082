/** A medium that offers several formats (RFC 8866, 5.14). */
const SEVERAL = /^(m=\S+ \S+ \S+ (\d{1,3}))(?: \d{1,3})+[ \t]*$/m;
/** What is said of one format. */
const OF_FORMAT = /^a=(?:rtpmap|fmtp|rtcp-fb):(\d{1,3})\b/;

/**
 * A session description with one format for each medium: the first that it offers, which is the one that is sent. Others stand
 * there for what comes between (comfort noise, tones of a telephone) or might come; ffmpeg takes what is said of the last one
 * for the medium's own.
 * @returns the same where none offers others
 */
export function withFirstFormats(sdp: string): string {
  return sdp
    .split(/^(?=m=)/m)
    .map(withFirstFormat)
    .join('');
}

function withFirstFormat(media: string): string {
  const [line, start = '', format] = SEVERAL.exec(media) ?? [];
  if (line === undefined) return media;
  const isOfFormat = (text: string): boolean => (OF_FORMAT.exec(text)?.[1] ?? format) === format;
  return media.replace(line, start).split('\n').filter(isOfFormat).join('\n');
}
