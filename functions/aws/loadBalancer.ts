import type {
  ALBEvent,
  ALBResult,
  APIGatewayProxyEventV2,
  APIGatewayProxyStructuredResultV2,
  Context,
} from 'aws-lambda';
import type { HttpFunction } from './http.ts';

/** A function that two kinds of front doors call: API Gateway's HTTP API, and an Application Load Balancer. */
export type TwoDoorFunction = (
  event: APIGatewayProxyEventV2 | ALBEvent,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2 | ALBResult>;

/**
 * Takes a load balancer's events too, in the shape of API Gateway's ("Lambda functions as targets", manual of
 * Application Load Balancers, without multi-value headers).
 * @param gateway for API Gateway's events, which an authorizer has let in
 * @param balancer for the load balancer's, which nobody has looked at
 */
export function behindLoadBalancer(gateway: HttpFunction, balancer: HttpFunction): TwoDoorFunction {
  return async (event, context) => {
    if (!isFromLoadBalancer(event)) return gateway(event, context);
    const { statusCode = 200, headers = {}, body = '' } = await balancer(fromLoadBalancer(event), context);
    return { statusCode, headers, body, isBase64Encoded: false };
  };
}

function isFromLoadBalancer(event: APIGatewayProxyEventV2 | ALBEvent): event is ALBEvent {
  return 'elb' in event.requestContext;
}

/** The route is not known to a load balancer: its event has no route key and no path parameters. */
export function fromLoadBalancer(event: ALBEvent): APIGatewayProxyEventV2 {
  const { httpMethod, path, headers = {}, body, isBase64Encoded, queryStringParameters = {} } = event;
  // They come as they were sent; API Gateway decodes them.
  const query = new URLSearchParams(
    Object.entries(queryStringParameters)
      .map(([name, value]) => `${name}=${value ?? ''}`)
      .join('&'),
  );
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query.toString(),
    queryStringParameters: Object.fromEntries(query),
    headers,
    requestContext: {
      accountId: '',
      apiId: '',
      domainName: headers.host ?? '',
      domainPrefix: '',
      http: {
        method: httpMethod,
        path,
        protocol: 'HTTP/1.1',
        sourceIp: headers['x-forwarded-for']?.split(',').at(-1)?.trim() ?? '',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: headers['x-amzn-trace-id'] ?? '',
      routeKey: '$default',
      stage: '$default',
      time: '',
      timeEpoch: 0,
    },
    ...(body === null || body === '' ? {} : { body }),
    isBase64Encoded,
  };
}
