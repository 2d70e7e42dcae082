import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { expect, it } from 'vitest';
import { handler } from '../../../functions/handlers/notFound.ts';

function call(method: string, rawPath: string) {
  const requestContext = { http: { method, path: rawPath } } as APIGatewayProxyEventV2['requestContext'];
  const event = { version: '2.0', routeKey: '$default', rawPath, rawQueryString: '', headers: {} };
  return handler({ ...event, requestContext, isBase64Encoded: false }, { awsRequestId: 'r1' } as Context);
}

it('says which methods there are, to who asks', async () => {
  const answer = await call('OPTIONS', '/recordings');
  expect(answer).toMatchObject({ statusCode: 204, headers: { allow: 'POST, GET' } });
  expect((await call('OPTIONS', '/nothing')).statusCode).toBe(404);
  expect((await call('PATCH', '/recordings')).statusCode).toBe(405);
});
