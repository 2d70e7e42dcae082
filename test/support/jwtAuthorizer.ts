import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';

interface Claims {
  readonly iss?: unknown;
  readonly aud?: unknown;
  readonly client_id?: unknown;
  readonly exp?: unknown;
}

/** What API Gateway's JWT authorizer checks of a token: RS256 by a key of the issuer, its issuer, audience and time. */
export async function isLetIn(
  authorization: string | undefined,
  { issuer, audience }: { issuer: string; audience: string },
): Promise<boolean> {
  const [head = '', body = '', signature = ''] = (authorization ?? '').replace(/^Bearer /, '').split('.');
  if (signature === '') return false;
  const { alg, kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg: string; kid: string };
  const { jwks_uri: jwksUri } = await json<{ jwks_uri: string }>(
    `${issuer}/.well-known/openid-configuration`,
  );
  const { keys } = await json<{ keys: (JsonWebKey & { kid: string })[] }>(jwksUri);
  const key = keys.find((one) => one.kid === kid);
  if (alg !== 'RS256' || key === undefined) return false;
  const isSigned = verify(
    'RSA-SHA256',
    Buffer.from(`${head}.${body}`),
    createPublicKey({ key, format: 'jwk' }),
    Buffer.from(signature, 'base64url'),
  );
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims;
  const isFor = [claims.aud, claims.client_id].flat().includes(audience);
  return isSigned && isFor && claims.iss === issuer && Number(claims.exp) * 1000 > Date.now();
}

const json = async <T>(url: string): Promise<T> => (await (await fetch(url)).json()) as T;
