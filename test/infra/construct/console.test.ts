import { type CfnElement, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { UserPool } from 'aws-cdk-lib/aws-cognito';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';
import { expect, it } from 'vitest';
import { StreamRecorder } from '../../../infra/construct/streamRecorder.ts';
import { CONSOLE } from '../../../infra/optionalFunctions.ts';
import { appsForTests, only, synthesize, testApp, testImage } from './stacks.ts';

appsForTests();

const routesOf = (template: Template) =>
  Object.fromEntries(
    Object.values(template.findResources('AWS::ApiGatewayV2::Route')).map(({ Properties }) => [
      String(Properties.RouteKey),
      String(Properties.AuthorizationType),
    ]),
  );

it('is served to anybody by an API that asks for user name and password', () => {
  const stack = new Stack(testApp(), 'Mine');
  new StreamRecorder(stack, 'Recorder', {
    image: testImage(),
    console: true,
    auth: { kind: 'basic', secret: new Secret(stack, 'Callers') },
  });
  const template = Template.fromStack(stack);
  const routes = routesOf(template);
  for (const path of CONSOLE.paths)
    expect([routes[`GET ${path}`], routes[`HEAD ${path}`]]).toEqual(['NONE', 'NONE']);
  expect(routes['GET /recordings']).toBe('CUSTOM');
  const { properties } = only<{ Environment: { Variables: Record<string, unknown> } }>(
    template,
    'AWS::Lambda::Function',
    { Description: CONSOLE.function.description },
  );
  expect(properties.Environment.Variables).toMatchObject({
    CONSOLE_FOLDER: 'console',
    // The library, and landing for what goes on.
    CONSOLE_MEDIA_ORIGINS: {
      'Fn::Join': [
        ',',
        Array.from({ length: 2 }, () => ({ 'Fn::Join': ['', ['https://', expect.anything()]] })),
      ],
    },
  });
});

it('is not there unless it is asked for', () => {
  expect(Object.keys(routesOf(synthesize()))).not.toContain('GET /console');
});

it('is refused where callers sign their requests, which a page cannot', () => {
  expect(() => synthesize({ console: true })).toThrow(
    'console: needs auth of kind jwt, basic or none, and it is iam',
  );
});

it('tells the page where its users sign in, and whom a token is to be for, which may be other resources', () => {
  const stack = new Stack(testApp(), 'Mine');
  const pool = new UserPool(stack, 'Users');
  const client = pool.addClient('Console');
  const issuer = pool.userPoolProviderUrl;
  new StreamRecorder(stack, 'Recorder', {
    image: testImage(),
    console: true,
    auth: {
      kind: 'jwt',
      issuer,
      audience: [client.userPoolClientId],
      signIn: {
        clientId: client.userPoolClientId,
        origins: ['https://mine.auth.eu-west-1.amazoncognito.com'],
      },
    },
  });
  const { properties } = only<{ Environment: { Variables: Record<string, unknown> } }>(
    Template.fromStack(stack),
    'AWS::Lambda::Function',
    { Description: CONSOLE.function.description },
  );
  const logical = (resource: IConstruct) => stack.getLogicalId(resource.node.defaultChild as CfnElement);
  const said = JSON.stringify(properties.Environment.Variables[CONSOLE.environment.signIn])
    .replaceAll(JSON.stringify({ Ref: logical(client) }), '$CLIENT')
    .replaceAll(JSON.stringify({ 'Fn::GetAtt': [logical(pool), 'ProviderURL'] }), '$ISSUER');
  expect(said).toContain('$ISSUER');
  expect(said).toContain('$CLIENT');
  // The client is the audience: nothing has to be asked for.
  expect(said).not.toContain('audience');
});
