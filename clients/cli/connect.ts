import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { AwsClient } from 'aws4fetch';
import { type RecorderClient, recorderClient } from '../typescript/client.ts';
import { ServerClock } from '../typescript/serverClock.ts';
import type { Authorization } from './arguments.ts';

/** The client of an API, with whatever that API asks of its callers; its answers set the clock. */
export function connect(
  api: string,
  authorization: Authorization,
  clock: ServerClock = new ServerClock(),
): RecorderClient {
  const send = authorization.kind === 'sigv4' ? signed(authorization.region) : fetch;
  return recorderClient({
    baseUrl: api,
    fetch: async (request) => {
      const answer = await send(request);
      clock.note(answer);
      return answer;
    },
    ...(authorization.kind === 'header' ? { authorization: () => authorization.value } : {}),
  });
}

/** Signs each request with AWS signature version 4, for API Gateway. */
export function signed(region: string): (request: Request) => Promise<Response> {
  const credentials = defaultProvider();
  return async (request) => {
    const signer = new AwsClient({ ...(await credentials()), service: 'execute-api', region, retries: 0 });
    return await fetch(await signer.sign(request));
  };
}
