/** Orders and encodings of keys. */

/**
 * UTF-8 binary order of two strings, which is code point order: UTF-16 differs only where a surrogate meets a
 * character from U+E000 on.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all of the others. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** As S3 signs: all but letters, digits and `-._~`, with capital hexadecimal digits. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, percent);
}

/** As S3 writes keys into notifications and into lists with `encoding-type=url`: `+` for a space, `/` as it is. */
export function urlEncodeKey(key: string): string {
  return encodeURIComponent(key)
    .replace(/[!'()~]/g, percent)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/');
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
