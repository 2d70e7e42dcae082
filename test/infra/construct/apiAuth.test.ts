import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, it } from 'vitest';
import { StreamRecorder, type StreamRecorderProps } from '../../../infra/construct/streamRecorder.ts';
import { BASIC_AUTHORIZER } from '../../../infra/optionalFunctions.ts';
import { appsForTests, only, readable, synthesize, testApp, testImage } from './stacks.ts';

appsForTests();

const HASH = 'a'.repeat(64);
const authorizationOf = (template: Template) =>
  Object.fromEntries(
    Object.values(template.findResources('AWS::ApiGatewayV2::Route')).map(({ Properties }) => [
      String(Properties.RouteKey),
      String(Properties.AuthorizationType),
    ]),
  );
const isHook = (routeKey: string) => routeKey.includes(' /hooks/');
/** Links let in whoever has them: the function checks their token. */
const LINKS = ['GET', 'HEAD', 'OPTIONS'].flatMap((method) =>
  ['play', 'files'].map((kind) => `${method} /${kind}/{token}/{file}`),
);
const kindsOf = (template: Template) => {
  const all = Object.entries(authorizationOf(template));
  const [ofLinks, others] = [true, false].map((isLink) =>
    all.filter(([key]) => LINKS.includes(key) === isLink).map(([, kind]) => kind),
  );
  expect(ofLinks).toEqual(LINKS.map(() => 'NONE'));
  return new Set(others);
};

it('pages of other origins may call it where that is asked, and their browsers ask without credentials', () => {
  const template = synthesize({ corsOrigins: ['https://studio.example'] });
  template.hasResourceProperties('AWS::ApiGatewayV2::Api', {
    CorsConfiguration: {
      AllowOrigins: ['https://studio.example'],
      AllowHeaders: Match.arrayWith(['authorization', 'idempotency-key', 'if-none-match']),
      ExposeHeaders: Match.arrayWith(['etag', 'retry-after']),
    },
  });
  const { 'OPTIONS /{proxy+}': asked, $default: others } = authorizationOf(template);
  expect([asked, others]).toEqual(['NONE', 'AWS_IAM']);
  expect(authorizationOf(synthesize())).not.toHaveProperty(['OPTIONS /{proxy+}']);
});

describe('who may call the API', () => {
  it('is whoever has a token of the issuer, where that is asked', () => {
    const template = synthesize({
      auth: { kind: 'jwt', issuer: 'https://id.example', audience: ['recorder'] },
    });
    template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerType: 'JWT',
      JwtConfiguration: { Issuer: 'https://id.example', Audience: ['recorder'] },
    });
    expect(kindsOf(template)).toEqual(new Set(['JWT']));
    expect(() => synthesize({ auth: { kind: 'jwt', issuer: 'https://id.example', audience: [] } })).toThrow(
      'auth.audience: at least one is needed',
    );
  });

  it('is whoever sends the user name and password of a secret, which one function alone may read', () => {
    const stack = new Stack(testApp(), 'Mine');
    const props: StreamRecorderProps = {
      image: testImage(),
      auth: { kind: 'basic', secret: new Secret(stack, 'Callers') },
    };
    new StreamRecorder(stack, 'Recorder', props);
    const template = Template.fromStack(stack);
    expect(kindsOf(template)).toEqual(new Set(['CUSTOM']));
    template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerType: 'REQUEST',
      AuthorizerPayloadFormatVersion: '2.0',
      EnableSimpleResponses: true,
      IdentitySource: ['$request.header.Authorization'],
    });
    const secret = only<object>(template, 'AWS::SecretsManager::Secret', { Description: Match.absent() }).id;
    const { properties } = only<{ Environment: { Variables: Record<string, unknown> }; Layers: unknown[] }>(
      template,
      'AWS::Lambda::Function',
      { Description: BASIC_AUTHORIZER.description },
    );
    expect(readable(properties.Environment.Variables.BASIC_AUTH_SECRET_ARN)).toBe(`<${secret}>`);
    expect(properties.Layers).toHaveLength(1);
    const readers = template.findResources('AWS::IAM::Policy', {
      Properties: {
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({
              Action: Match.arrayWith(['secretsmanager:GetSecretValue']),
              Resource: { Ref: secret },
            }),
          ]),
        },
      },
    });
    expect(Object.keys(readers)).toEqual([expect.stringContaining('authorizeBasic')]);
  });

  it('is everybody only where that is said', () => {
    expect(kindsOf(synthesize())).toEqual(new Set(['AWS_IAM']));
    const open = synthesize({ auth: { kind: 'none' } });
    expect(kindsOf(open)).toEqual(new Set(['NONE']));
  });
});

describe('hooks', () => {
  it('have routes only where they have a secret; nothing else is open with them', () => {
    expect(Object.keys(authorizationOf(synthesize())).filter(isHook)).toEqual([]);
    const authorization = authorizationOf(synthesize({ hooks: { secretsSha256: [HASH] } }));
    const hooks = Object.entries(authorization).filter(([routeKey]) => isHook(routeKey));
    expect(hooks.map(([, kind]) => kind)).toEqual(['NONE', 'NONE']);
    const others = Object.entries(authorization).filter(
      ([routeKey]) => !isHook(routeKey) && !LINKS.includes(routeKey),
    );
    expect(new Set(others.map(([, kind]) => kind))).toEqual(new Set(['AWS_IAM']));
  });

  it('are checked at synth', () => {
    expect(() => synthesize({ hooks: { secretsSha256: ['a-secret-in-clear'] } })).toThrow(
      'hooks.secretsSha256.0 must be a SHA-256 in lower-case hex',
    );
    const hooks = { recordStream: true } as StreamRecorderProps['hooks'] & object;
    expect(() => synthesize({ hooks })).toThrow('hooks.recordStream is not known.');
  });
});
