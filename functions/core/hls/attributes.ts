/** An attribute list of a tag (RFC 8216, 4.2): names to values, quotes taken off. What is malformed is left out. */
export type Attributes = ReadonlyMap<string, string>;

const ATTRIBUTE = /\s*([A-Z0-9-]+)\s*=\s*(?:"([^"]*)"|([^,]*))\s*(?:,|$)/y;

/** @param text what follows the tag's colon */
export function parseAttributes(text: string): Attributes {
  const attributes = new Map<string, string>();
  ATTRIBUTE.lastIndex = 0;
  for (;;) {
    const from = ATTRIBUTE.lastIndex;
    const [, name, quoted, plain = ''] = ATTRIBUTE.exec(text) ?? [];
    if (name !== undefined) {
      if (!attributes.has(name)) attributes.set(name, quoted ?? plain.trim());
      if (ATTRIBUTE.lastIndex < text.length) continue;
      return attributes;
    }
    const comma = text.indexOf(',', from);
    if (comma < 0) return attributes;
    ATTRIBUTE.lastIndex = comma + 1;
  }
}

/** A number that is at least zero; undefined for anything else. */
export function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\s*\d+(\.\d*)?/.test(text)) return undefined;
  const number = Number.parseFloat(text);
  return Number.isFinite(number) ? number : undefined;
}
