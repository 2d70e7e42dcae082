import { FILE_NAME_LIMIT_BYTES } from './limits.ts';

/**
 * The one codec of everyone who writes or reads names. What stays as it is: letters and digits of every script,
 * emoji, and the characters that Amazon S3's naming guidelines call safe (docs.aws.amazon.com, "Object key naming
 * guidelines"), but for `*`, which Windows refuses. All else is written as the %XX of its UTF-8 bytes, so that it
 * can be decoded again, or as `_`.
 */
export type NameEncoding = 'percent' | 'underscore';

const SAFE_ASCII = /^[A-Za-z0-9!\-_.'()]$/;
/** Invisible characters, and those that XML (so an S3 listing) cannot carry or that turn the direction of a text. */
const UNSAFE_BEYOND_ASCII = /^[\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]$/u;
/** Invisible, but emoji families, flags and Persian words are made with them: joiners and tags. */
const JOINER = /^(?:\u200c|\u200d|[\u{e0020}-\u{e007f}])$/u;
const MARK = /^\p{M}$/u;

/** Devices that Windows sees in a name whatever its extension. */
const WINDOWS_RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;

/** NFC, and U+FFFD for each lone surrogate: what `decodeName(encodeName(value))` gives back. */
export function normalizeValue(value: string): string {
  return value.toWellFormed().normalize('NFC');
}

export function percentEncode(char: string): string {
  let encoded = '';
  for (const byte of Buffer.from(char, 'utf8')) {
    encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

function isPlain(char: string): boolean {
  if (char <= '\u007f') return SAFE_ASCII.test(char);
  return JOINER.test(char) || !UNSAFE_BEYOND_ASCII.test(char);
}

/**
 * Encodes each code point of a normalised value. A dot stays only between two other characters, so that no value
 * is `.` or `..`, hides a file or is dropped by Windows; a combining mark in front, which would change the
 * character before the value, is encoded too.
 */
export function encodeEach(value: string, encoding: NameEncoding): string[] {
  const chars = [...value];
  return chars.map((char, index) => {
    const before = chars[index - 1];
    const after = chars[index + 1];
    const strayDot =
      char === '.' && (before === undefined || before === '.' || after === undefined || after === '.');
    const strayMark = before === undefined && MARK.test(char);
    if (isPlain(char) && !strayDot && !strayMark) return char;
    return encoding === 'percent' ? percentEncode(char) : '_';
  });
}

/** A value as it stands in a name. */
export function encodeName(value: string, encoding: NameEncoding = 'percent'): string {
  return encodeEach(normalizeValue(value), encoding).join('');
}

/** Text of a template: encoded as values are, but its dots are the template's own business (see `protectSegment`). */
export function encodeLiteral(text: string, encoding: NameEncoding): string {
  return text
    .split('.')
    .map((piece) => encodeName(piece, encoding))
    .join('.');
}

/** The reverse of percent encoding. An escape that encoding never makes is left as it is. */
export function decodeName(text: string): string {
  return text.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch (error) {
      if (error instanceof URIError) return escapes;
      throw error;
    }
  });
}

/**
 * A whole folder or file name that no file system takes for something else: no outer dot, no device of Windows.
 * @param tail of a file name: part number and extension. A device is none behind a number, but the first part has none.
 */
export function protectSegment(segment: string, encoding: NameEncoding, tail = ''): string {
  const dot = encoding === 'percent' ? percentEncode('.') : '_';
  const safe = segment.replace(/^\./, dot).replace(/\.$/, dot);
  const isDevice = [safe, safe.slice(0, safe.length - tail.length)].some((name) =>
    WINDOWS_RESERVED.test(name),
  );
  if (!isDevice) return safe;
  return encoding === 'percent' ? percentEncode(safe.charAt(0)) + safe.slice(1) : `_${safe}`;
}

export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/**
 * What a file or folder name may have, within a limit. `aws s3 cp` and `sync` download to a temporary name, with nine
 * characters more, and cut that to 255 characters where file systems count bytes: what is not ASCII needs their room.
 */
export function nameMaxBytes(name: string, maxBytes: number): number {
  return utf8Bytes(name) === name.length ? maxBytes : Math.min(maxBytes, FILE_NAME_LIMIT_BYTES - 9);
}
