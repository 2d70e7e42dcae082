import { XMLParser } from 'fast-xml-parser';
import { S3Error } from './errors.ts';

/** XML as S3 writes it, and the little that it reads. */

/** Text, or elements by name; an array repeats its element, undefined leaves it out. */
export type XmlContent =
  | string
  | number
  | boolean
  | undefined
  | readonly XmlContent[]
  | { readonly [element: string]: XmlContent };

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** @param root the outermost element; all but `Error` are in S3's namespace */
export function toXml(root: string, content: XmlContent): string {
  const attributes = root === 'Error' ? '' : ` xmlns="${NAMESPACE}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attributes}>${inner(content)}</${root}>`;
}

function inner(content: XmlContent): string {
  if (content === undefined) return '';
  if (typeof content !== 'object') return escapeText(String(content));
  if (Array.isArray(content)) return content.map(inner).join('');
  return Object.entries(content)
    .map(([name, child]) => elements(name, child))
    .join('');
}

function elements(name: string, content: XmlContent): string {
  if (content === undefined) return '';
  if (Array.isArray(content)) return content.map((item) => elements(name, item)).join('');
  return `<${name}>${inner(content)}</${name}>`;
}

const NAMED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** Control characters become references, as S3 does; strict parsers refuse some of them, hence `encoding-type=url`. */
function escapeText(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: keys may hold them
    /[&<>"\u0000-\u001f\u007f\ufffe\uffff]/g,
    (character) => NAMED[character] ?? `&#x${character.charCodeAt(0).toString(16)};`,
  );
}

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
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text) || referred.some(isForbidden);
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
