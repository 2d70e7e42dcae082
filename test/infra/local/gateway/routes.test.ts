import { expect, it } from 'vitest';
import { matchRoute } from '../../../../infra/local/gateway/routes.ts';

const routes = [
  { method: 'GET', path: '/recordings/{recordingId}' },
  { method: 'GET', path: '/recordings/newest' },
  { method: 'POST', path: '/recordings/{recordingId}/parts/{part}' },
  { method: 'PUT', path: '/streams/{mediaSessionId}' },
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
  ['PUT', '/streams/a%2Fb%20%C3%A9', 'PUT /streams/{mediaSessionId}', { mediaSessionId: 'a/b é' }],
  ['PUT', '/streams/..', 'PUT /streams/{mediaSessionId}', { mediaSessionId: '..' }],
  ['GET', '/recordings/new%65st', 'GET /recordings/newest', {}],
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
  ['GET', '/'],
])('%s %s is no route', (method, path) => {
  expect(matchRoute(routes, method, path)).toBeUndefined();
});
