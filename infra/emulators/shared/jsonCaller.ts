import type { IncomingHttpHeaders } from 'node:http';
import { type Access, sameText } from './access.ts';

/** Credential=<access key id>/<date>/<region>/<service>/aws4_request, of which the signature is not verified. */
const CREDENTIAL = /\bCredential=([^/,\s]+)\//;

export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** Whose call it is, by the key that signed it. @returns the access key id, or AWS's refusal ("Common error types") */
export function callerOf(headers: IncomingHttpHeaders, access: Access): string | Refusal {
  const [, accessKeyId] = CREDENTIAL.exec(headers.authorization ?? '') ?? [];
  if (accessKeyId === undefined)
    return { code: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' };
  const credentials = access.credentials(accessKeyId);
  const token = headers['x-amz-security-token'];
  const isRight = credentials !== undefined && sameText(String(token ?? ''), credentials.sessionToken ?? '');
  if (isRight) return accessKeyId;
  return {
    code: 'UnrecognizedClientException',
    message: 'The security token included in the request is invalid.',
  };
}
