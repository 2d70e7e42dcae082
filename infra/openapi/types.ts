/**
 * The API's document as TypeScript, in the form that openapi-fetch reads. openapi-typescript would make it too, but works
 * with TypeScript 5 only: version 7, which compiles this project, has no compiler API for it.
 */
type Json = Readonly<Record<string, unknown>>;

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const;

/** @returns the source of clients/typescript/schema.ts */
export function typesOf(document: Json): string {
  const paths = entries(document.paths).map(
    ([path, operations]) => `  ${quoted(path)}: {\n${pathMembers(operations)}  };\n`,
  );
  const schemas = entries((document.components as Json).schemas).map(
    ([name, schema]) => `    ${name}: ${typeOf(schema)};\n`,
  );
  return [
    '/* Made by `npm run openapi` of the schemas that the functions validate with. Do not edit. */\n',
    `export interface paths {\n${paths.join('')}}\n`,
    `export interface components {\n  schemas: {\n${schemas.join('')}  };\n}\n`,
  ].join('\n');
}

function pathMembers(operations: Json): string {
  return METHODS.filter((method) => method in operations)
    .map((method) => `    ${method}: ${operationType(operations[method] as Json)};\n`)
    .join('');
}

function operationType({ parameters, requestBody, responses }: Json): string {
  const given = parameters as readonly { name: string; in: string; required?: boolean; schema: Json }[];
  const places = ['query', 'header', 'path'].map((place) => {
    const these = given.filter((one) => one.in === place);
    if (these.length === 0) return `${place}?: never`;
    const members = these.map(
      ({ name, required, schema }) => `${quoted(name)}${required === true ? '' : '?'}: ${typeOf(schema)}`,
    );
    const isNeeded = these.some(({ required }) => required === true);
    return `${place}${isNeeded ? '' : '?'}: { ${members.join('; ')} }`;
  });
  const body = requestBody as Json | undefined;
  const answers = entries(responses).map(([status, { content }]) => {
    const shown = content === undefined ? 'content?: never' : `content: ${contentType(content as Json)}`;
    return `${status}: { headers: { [name: string]: unknown }; ${shown} }`;
  });
  return [
    `{ parameters: { ${places.join('; ')}; cookie?: never }`,
    body === undefined
      ? 'requestBody?: never'
      : `requestBody${body.required === true ? '' : '?'}: { content: ${contentType(body.content as Json)} }`,
    `responses: { ${answers.join('; ')} } }`,
  ].join('; ');
}

function contentType(content: Json): string {
  const kinds = entries(content).map(
    ([mediaType, { schema }]) => `${quoted(mediaType)}: ${typeOf(schema as Json)}`,
  );
  return `{ ${kinds.join('; ')} }`;
}

function typeOf(schema: Json): string {
  if (typeof schema.$ref === 'string') {
    return `components['schemas'][${quoted(schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1))}]`;
  }
  if ('const' in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => literal(value)).join(' | ');
  const union = (schema.oneOf ?? schema.anyOf) as readonly Json[] | undefined;
  if (union !== undefined) return `(${union.map(typeOf).join(' | ')})`;
  switch (schema.type) {
    case 'object':
      return objectType(schema);
    case 'array':
      return `(${typeOf((schema.items ?? {}) as Json)})[]`;
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    default:
      return 'unknown';
  }
}

function objectType({ properties, required, additionalProperties }: Json): string {
  const needed = new Set((required ?? []) as readonly string[]);
  const members = entries(properties ?? {}).map(
    ([name, schema]) => `${quoted(name)}${needed.has(name) ? '' : '?'}: ${typeOf(schema)}`,
  );
  if (typeof additionalProperties === 'object' && additionalProperties !== null) {
    const others =
      Object.keys(additionalProperties).length === 0 ? 'unknown' : typeOf(additionalProperties as Json);
    members.push(`[name: string]: ${others}`);
  }
  return members.length === 0 ? 'Record<string, unknown>' : `{ ${members.join('; ')} }`;
}

const entries = (value: unknown): [string, Json][] => Object.entries(value as Record<string, Json>);
const quoted = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;
const literal = (value: unknown): string =>
  typeof value === 'string' ? quoted(value) : JSON.stringify(value);
