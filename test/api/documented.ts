import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { errorAnswer } from '../../functions/core/api/answers.ts';
import type { DocumentedOperation } from '../../functions/core/api/documentedOperation.ts';
import { ERRORS } from '../../functions/core/api/errors.ts';
import { OPERATIONS } from '../../functions/core/api/operations.ts';
import { ROUTES } from '../../functions/core/api/routes.ts';
import { openApiDocument } from '../../infra/openapi/document.ts';

export interface Seen {
  readonly operation: DocumentedOperation;
  readonly status: number;
  /** Of an error. */
  readonly code?: string;
}

/** The operation that a request is for, as the document has it; undefined for what is no route. */
export function operationOf(method: string, route: string): DocumentedOperation | undefined {
  // As API Gateway: the path is decoded before a route is looked for.
  const path = decodeURIComponent(new URL(route, 'http://h').pathname);
  const found = OPERATIONS.filter((one) => one.method === method && pattern(one.path).test(path));
  return found.sort((a, b) => parameters(a.path) - parameters(b.path))[0];
}

const parameters = (path: string): number => path.split('{').length;

function pattern(path: string): RegExp {
  const isGreedy = ROUTES.some((route) => route.path === path.replace(/\}$/, '+}'));
  const plain = path.replace(/\{\w+\}$/, isGreedy ? '[^]+' : '$&').replaceAll(/\{\w+\}/g, '[^/]+');
  const prefix = '/rest-api/';
  return plain.startsWith(prefix)
    ? new RegExp(`^(/rest-api)?/${plain.slice(prefix.length)}/*$`)
    : new RegExp(`^${plain}$`);
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addSchema(openApiDocument(), 'document');
const compiled = new Map<string, ValidateFunction>();

/** Holds a body against the document itself, as a caller's tools read it. @throws Error */
function checkBody({ method, path }: DocumentedOperation, status: number, body: unknown): void {
  const place = [
    'paths',
    path,
    method.toLowerCase(),
    'responses',
    `${status}`,
    'content',
    'application/json',
  ];
  const pointer = place.map((name) => encodeURIComponent(name.replaceAll('/', '~1'))).join('/');
  const $ref = `document#/${pointer}/schema`;
  const validate = compiled.get($ref) ?? ajv.compile({ $ref });
  compiled.set($ref, validate);
  if (validate(body)) return;
  const at = `${method} ${path} → ${status} ${JSON.stringify(body)}`;
  throw new Error(`${at} is not what docs/openapi.yaml says: ${ajv.errorsText(validate.errors)}`);
}

/** Holds an answer against the document. @throws Error that says what is not documented */
export function checkAnswer(
  method: string,
  route: string,
  answer: { readonly status: number; readonly body: unknown },
): Seen | undefined {
  const operation = operationOf(method, route);
  const where = `${method} ${route} → ${answer.status} ${JSON.stringify(answer.body)}`;
  if (operation === undefined) {
    if (errorAnswer.safeParse(answer.body).success && [404, 405].includes(answer.status)) return undefined;
    throw new Error(`no route and no error: ${where}`);
  }
  const documented = operation.answers[answer.status];
  if (documented !== undefined) {
    const parsed = documented.schema?.safeParse(answer.body);
    if (parsed?.success === false) throw new Error(`${where} is not of its schema: ${parsed.error.message}`);
    if (documented.schema !== undefined) checkBody(operation, answer.status, answer.body);
    return { operation, status: answer.status };
  }
  const error = errorAnswer.safeParse(answer.body);
  if (!error.success) throw new Error(`${where} is not documented: ${error.error.message}`);
  const { code } = error.data.error;
  const isDocumented = code === 'internal_error' || operation.errors.includes(code);
  if (!isDocumented || ERRORS[code].status !== answer.status) throw new Error(`${where} is not documented`);
  checkBody(operation, answer.status, answer.body);
  return { operation, status: answer.status, code };
}
