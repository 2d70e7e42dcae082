import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Peer, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, it } from 'vitest';
import { StreamRecorder, type StreamRecorderProps } from '../../../infra/construct/streamRecorder.ts';
import type { WcsPortsProps } from '../../../infra/construct/wcsPorts.ts';
import { FUNCTIONS } from '../../../infra/wiring.ts';
import { appsForTests, only, readable, synthesize, testApp, testImage } from './stacks.ts';

appsForTests();

const CERTIFICATE_ARN = 'arn:aws:acm:eu-west-1:123456789012:certificate/1';

/** A recorder with WCS's ports in a VPC of its own. */
function withPorts(
  ports: Partial<WcsPortsProps> = {},
  props: (stack: Stack) => StreamRecorderProps = () => ({ auth: { kind: 'none' } }),
): Template {
  const stack = new Stack(testApp(), 'Mine');
  new StreamRecorder(stack, 'Recorder', {
    image: testImage(),
    ...props(stack),
    wcsPorts: {
      vpc: new Vpc(stack, 'Vpc', { natGateways: 0 }),
      certificate: Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE_ARN),
      ...ports,
    },
  });
  return Template.fromStack(stack);
}

const authOf = (template: Template): string => {
  const { properties } = only<{ Environment: { Variables: Record<string, unknown> } }>(
    template,
    'AWS::Lambda::Function',
    { Description: FUNCTIONS.wcs.description },
  );
  return readable(properties.Environment.Variables.WCS_PORTS_AUTH);
};

describe("WCS's ports", () => {
  it('are a load balancer inside the VPC: HTTP on 8081, HTTPS on 8444, in front of one function', () => {
    const template = withPorts();
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', { Scheme: 'internal' });
    const { id: targets } = only<object>(template, 'AWS::ElasticLoadBalancingV2::TargetGroup', {
      TargetType: 'lambda',
    });
    for (const listener of [
      { Port: 8081, Protocol: 'HTTP' },
      { Port: 8444, Protocol: 'HTTPS', Certificates: [{ CertificateArn: CERTIFICATE_ARN }] },
    ]) {
      template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
        ...listener,
        DefaultActions: [{ Type: 'forward', TargetGroupArn: { Ref: targets } }],
      });
    }
    template.hasResourceProperties('AWS::Lambda::Permission', {
      Principal: 'elasticloadbalancing.amazonaws.com',
    });
    expect(authOf(template)).toBe('none');
  });

  it('are reached from the VPC alone, unless it is said from where', () => {
    const ingressOf = (template: Template) =>
      only<{ SecurityGroupIngress: { FromPort: number; CidrIp: unknown }[] }>(
        template,
        'AWS::EC2::SecurityGroup',
        {
          GroupDescription: 'Stream Recorder: clients of WCS',
        },
      ).properties.SecurityGroupIngress.map(({ FromPort, CidrIp }) => [FromPort, readable(CidrIp)]);
    const inside = ingressOf(withPorts());
    expect(inside.map(([port]) => port)).toEqual([8081, 8444]);
    expect(inside[0]?.[1]).toMatch(/Vpc.*CidrBlock/);
    const outside = withPorts({ internetFacing: true, clients: [Peer.ipv4('198.51.100.0/24')] });
    expect(ingressOf(outside)).toEqual([
      [8081, '198.51.100.0/24'],
      [8444, '198.51.100.0/24'],
    ]);
    outside.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', { Scheme: 'internet-facing' });
    expect(() => withPorts({ internetFacing: true })).toThrow('wcsPorts.clients');
  });

  it('ask for the HTTP Basic of the API, whose secret the function may read then', () => {
    const template = withPorts({}, (stack) => ({
      auth: { kind: 'basic', secret: new Secret(stack, 'Callers') },
    }));
    const { id } = only<object>(template, 'AWS::SecretsManager::Secret', { Description: Match.absent() });
    expect(authOf(template)).toBe(`<${id}>`);
    const readers = Object.entries(template.findResources('AWS::IAM::Policy')).filter(([, policy]) =>
      JSON.stringify(policy).includes('secretsmanager:GetSecretValue'),
    );
    expect(readers.map(([name]) => name)).toContainEqual(expect.stringMatching(/FunctionswcsRole/));
  });

  it('need an auth of their own beside IAM and JWT', () => {
    expect(() => withPorts({}, () => ({}))).toThrow('wcsPorts.auth: basic or none is needed');
    const jwt = { kind: 'jwt', issuer: 'https://id.example', audience: ['recorder'] } as const;
    expect(() => withPorts({}, () => ({ auth: jwt }))).toThrow('cannot check jwt');
    expect(authOf(withPorts({ auth: { kind: 'none' } }, () => ({})))).toBe('none');
  });

  it('are not there unless they are asked for', () => {
    const template = synthesize();
    template.resourceCountIs('AWS::ElasticLoadBalancingV2::LoadBalancer', 0);
    expect(authOf(template)).toBe('off');
  });
});
