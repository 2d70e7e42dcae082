import { describe, expect, it } from 'vitest';
import { corsHeaders } from '../../../../infra/emulators/s3/cors.ts';

const RULE = {
  allowedOrigins: ['https://*.example'],
  allowedMethods: ['GET', 'HEAD'],
  allowedHeaders: ['range'],
  exposedHeaders: ['content-range'],
  maxAgeSeconds: 60,
};

describe('CORS', () => {
  it('lets pages in whose origin and method a rule has, also where a redirect hides the origin', () => {
    expect(corsHeaders([RULE], 'GET', { origin: 'https://a.example' })).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      'access-control-expose-headers': 'content-range',
    });
    const open = { ...RULE, allowedOrigins: ['*'] };
    expect(corsHeaders([open], 'GET', { origin: 'null' })).toMatchObject({
      'access-control-allow-origin': '*',
    });
  });

  it('says nothing to others, and to whoever is no page', () => {
    expect(corsHeaders([RULE], 'GET', { origin: 'https://a.example.org' })).toEqual({});
    expect(corsHeaders([RULE], 'PUT', { origin: 'https://a.example' })).toEqual({});
    expect(corsHeaders([RULE], 'GET', {})).toEqual({});
    expect(corsHeaders([], 'GET', { origin: 'https://a.example' })).toEqual({});
  });

  it('answers a preflight for the headers that are allowed', () => {
    const asked = (headers: string) =>
      corsHeaders([RULE], 'OPTIONS', {
        origin: 'https://a.example',
        'access-control-request-method': 'GET',
        'access-control-request-headers': headers,
      });
    expect(asked('Range')).toMatchObject({
      'access-control-allow-headers': 'range',
      'access-control-max-age': '60',
    });
    expect(asked('Range, X-Other')).toEqual({});
  });
});
