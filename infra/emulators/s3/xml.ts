/** XML as S3 writes it; ./requestXml.ts reads what clients send. */

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
    /[&<>"\ufffe\uffff]|(?![\u0080-\u009f])\p{Cc}/gu,
    (character) => NAMED[character] ?? `&#x${character.charCodeAt(0).toString(16)};`,
  );
}
