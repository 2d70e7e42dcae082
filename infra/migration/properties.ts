/** A setting of a Java properties file. */
export interface Property {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly name: string;
  readonly value: string;
  /** A later line sets it again, and counts; this one does not. */
  readonly overriddenBy?: number;
}

export interface BrokenLine {
  readonly line: number;
  readonly text: string;
  readonly why: string;
}

export interface PropertiesFile {
  /** In the order of the file. */
  readonly properties: readonly Property[];
  readonly broken: readonly BrokenLine[];
}

/**
 * Reads a properties file as Java does (java.util.Properties, "load"): `=`, `:` or a space after the name, `#` and `!`
 * for comments, a backslash at the end goes on in the next line. Stricter in one thing: a name without a value, or a value
 * without a name, is told and not taken.
 */
export function readProperties(text: string): PropertiesFile {
  const found: { line: number; name: string; value: string }[] = [];
  const broken: BrokenLine[] = [];
  for (const { line, text: logical } of logicalLines(text)) {
    const trimmed = logical.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith('!')) continue;
    const tell = (why: string) => broken.push({ line, text: trimmed, why });
    const [, rawName = '', rawValue = ''] = /^((?:\\.|[^\\=:\s])*)\s*[=:]?\s*(.*)$/s.exec(trimmed) ?? [];
    const [name, value] = [unescaped(rawName), unescaped(rawValue)];
    if (name === undefined || value === undefined) tell('\\u must be followed by four hexadecimal digits');
    else if (name === '') tell('there is no name before the value');
    else if (value === '') tell('there is no value');
    else found.push({ line, name, value });
  }
  const last = new Map(found.map(({ name, line }) => [name, line]));
  const properties = found.map((property) => {
    const counts = last.get(property.name) ?? property.line;
    return counts === property.line ? property : { ...property, overriddenBy: counts };
  });
  return { properties, broken };
}

function* logicalLines(text: string): Generator<{ readonly line: number; readonly text: string }> {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  for (let i = 0; i < lines.length; i++) {
    const line = i + 1;
    let logical = lines[i] ?? '';
    const isComment = /^\s*[#!]/.test(logical);
    while (!isComment && /(?<!\\)(\\\\)*\\$/.test(logical) && i + 1 < lines.length) {
      i += 1;
      logical = logical.slice(0, -1) + (lines[i] ?? '').trimStart();
    }
    yield { line, text: logical };
  }
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

/** @returns undefined for an escape that Java refuses */
function unescaped(text: string): string | undefined {
  if (/(?<!\\)(\\\\)*\\u(?![0-9a-f]{4})/i.test(text)) return undefined;
  return text.replaceAll(/\\(?:u([0-9a-f]{4})|(.))/gis, (_whole, code: string | undefined, char: string) =>
    code === undefined ? (ESCAPES[char] ?? char) : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
