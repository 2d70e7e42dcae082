import { expect, it } from 'vitest';
import { matchRoute } from '../../../../infra/local/gateway/routes.ts';

const routes = [
  { method: 'GET', path: '/recordings/{recordingId}' },
  { method: 'GET', path: '/recordings/newest' },
  { method: 'POST', path: '/recordings/{recordingId}/parts/{part}' },
  { method: 'PUT', path: '/streams/{mediaSessionId+}' },
  { method: 'GET', path: '/sessions/{id}' },
  { method: 'POST', path: '/rest-api/{method+}' },
  { method: 'POST', path: '/rest-api/{one}' },
  { method: 'POST', path: '/rest-api/stream/find' },
];

it.each([
  ['GET', '/recordings/r1', 'GET /recordings/{recordingId}', { recordingId: 'r1' }],
  ['GET', '/recordings/newest', 'GET /recordings/newest', {}],
  [
    'POST',
    '/recordings/r1/parts/2',
    'POST /recordings/{recordingId}/parts/{part}',
    { recordingId: 'r1', part: '2' },
  ],
  ['PUT', '/streams/a/b é', 'PUT /streams/{mediaSessionId+}', { mediaSessionId: 'a/b é' }],
  ['PUT', '/streams/..', 'PUT /streams/{mediaSessionId+}', { mediaSessionId: '..' }],
  // Decoded once more.
  ['GET', '/sessions/a%2Fb', 'GET /sessions/{id}', { id: 'a/b' }],
  ['POST', '/rest-api/stream/start/', 'POST /rest-api/{method+}', { method: 'stream/start/' }],
  ['POST', '/rest-api/stream/find', 'POST /rest-api/stream/find', {}],
  ['POST', '/rest-api/one', 'POST /rest-api/{one}', { one: 'one' }],
])('%s %s is %s', (method, path, route, pathParameters) => {
  const match = matchRoute(routes, method, path);
  expect(match && `${match.route.method} ${match.route.path}`).toBe(route);
  expect(match?.pathParameters).toEqual(pathParameters);
});

it.each([
  ['PUT', '/recordings/r1'],
  ['GET', '/recordings/'],
  ['GET', '/recordings/r1/'],
  ['GET', '/recordings'],
  ['POST', '/rest-api'],
  ['POST', '/rest-api/'],
  ['GET', '/'],
])('%s %s is no route', (method, path) => {
  expect(matchRoute(routes, method, path)).toBeUndefined();
});
