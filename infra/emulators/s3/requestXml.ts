import { XMLParser } from 'fast-xml-parser';
import { S3Error } from './errors.ts';

/** The little XML that S3 reads: request bodies, strictly. */

/** An element read: its text, or its children by name, in order. */
export interface XmlElement {
  readonly text: string;
  readonly children: readonly { readonly name: string; readonly element: XmlElement }[];
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  trimValues: false,
  removeNSPrefix: true,
  // Only the five entities of XML and numeric references; no document brings its own.
  processEntities: { enabled: true, maxTotalExpansions: 10_000_000, maxExpandedLength: 20_000_000 },
  htmlEntities: true,
});

/**
 * @param root what the outermost element has to be called
 * @throws S3Error MalformedXML
 */
export function parseXml(body: Buffer, root: string): XmlElement {
  const text = new TextDecoder().decode(body);
  if (/<!DOCTYPE|<!ENTITY/i.test(text) || hasForbiddenCharacter(text)) throw new S3Error('MalformedXML');
  let nodes: unknown;
  try {
    nodes = parser.parse(text, true);
  } catch (cause) {
    throw Object.assign(new S3Error('MalformedXML'), { cause });
  }
  const top = toElement(nodes).children;
  const [only] = top;
  if (only === undefined || top.length !== 1 || only.name !== root) throw new S3Error('MalformedXML');
  return only.element;
}

/** The parser would leave such characters out, and a deletion would meet another key. */
function hasForbiddenCharacter(text: string): boolean {
  const references = text.matchAll(/&#(x?)([0-9a-f]+);/gi);
  const referred = [...references].map(([, x, digits = '']) => Number.parseInt(digits, x === '' ? 10 : 16));
  return /[\ufffe\uffff]|(?![\t\n\r\u007f-\u009f])\p{Cc}/u.test(text) || referred.some(isForbidden);
}

function isForbidden(codePoint: number): boolean {
  if (codePoint < 0x20) return codePoint !== 0x09 && codePoint !== 0x0a && codePoint !== 0x0d;
  const isSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  return isSurrogate || codePoint === 0xfffe || codePoint === 0xffff || codePoint > 0x10ffff;
}

function toElement(nodes: unknown): XmlElement {
  let text = '';
  const children: { name: string; element: XmlElement }[] = [];
  for (const node of Array.isArray(nodes) ? nodes : []) {
    for (const [name, value] of Object.entries(node as Record<string, unknown>)) {
      if (name === '#text') text += String(value);
      else if (name !== ':@') children.push({ name, element: toElement(value) });
    }
  }
  return { text, children };
}

export function childElements(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name).map((child) => child.element);
}

/** @throws S3Error MalformedXML when it is there twice */
export function childText(element: XmlElement, name: string): string | undefined {
  const [first, second] = childElements(element, name);
  if (second !== undefined) throw new S3Error('MalformedXML');
  return first?.text;
}

/**
 * @throws S3Error MalformedXML when there is a child of another name
 */
export function allowChildren(element: XmlElement, names: readonly string[]): void {
  if (element.children.some((child) => !names.includes(child.name))) throw new S3Error('MalformedXML');
}
