import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { AwsClient } from 'aws4fetch';
import { type RecorderClient, recorderClient } from '../typescript/client.ts';
import type { Authorization } from './arguments.ts';

/** The client of an API, with whatever that API asks of its callers. */
export function connect(api: string, authorization: Authorization): RecorderClient {
  switch (authorization.kind) {
    case 'none':
      return recorderClient({ baseUrl: api });
    case 'header':
      return recorderClient({ baseUrl: api, authorization: () => authorization.value });
    case 'sigv4':
      return recorderClient({ baseUrl: api, fetch: signed(authorization.region) });
  }
}

/** Signs each request with AWS signature version 4, for API Gateway. */
export function signed(region: string): (request: Request) => Promise<Response> {
  const credentials = defaultProvider();
  return async (request) => {
    const signer = new AwsClient({ ...(await credentials()), service: 'execute-api', region, retries: 0 });
    return await fetch(await signer.sign(request));
  };
}
