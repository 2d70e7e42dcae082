import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { type IPeer, type IVpc, Peer, Port, SecurityGroup, type Vpc } from 'aws-cdk-lib/aws-ec2';
import {
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ApplicationTargetGroup,
  SslPolicy,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { LambdaTarget } from 'aws-cdk-lib/aws-elasticloadbalancingv2-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { WCS_PORTS } from '../wcsPorts.ts';
import { acknowledge } from './acknowledge.ts';
import type { ApiAuth } from './apiAuth.ts';
import { checkRegion } from './domain.ts';

/** WCS's own ports, for clients that change nothing but a host name: HTTP on 8081, HTTPS on 8444. */
export interface WcsPortsProps {
  /** Where the load balancer lives; it needs subnets in two availability zones. */
  readonly vpc: IVpc | Vpc;
  /** For the host name that clients use, in this region. */
  readonly certificate: ICertificate;
  /**
   * Who may come in. A load balancer knows neither IAM nor JWT.
   * @default the API's `auth`, where it is `basic` or `none`
   */
  readonly auth?: Extract<ApiAuth, { kind: 'basic' | 'none' }>;
  /**
   * Addresses that reach the ports.
   * @default those of the VPC
   */
  readonly clients?: readonly IPeer[];
  /**
   * Whether it has public addresses; then `vpc` needs public subnets, and `clients` must be given.
   * @default false
   */
  readonly internetFacing?: boolean;
}

/** The environment of the function: who may come in. @throws Error for an auth that a load balancer cannot have */
export function wcsPortsAuth(
  props: WcsPortsProps | undefined,
  apiAuth: ApiAuth,
): { readonly variable: string; readonly secret?: ISecret | Secret } {
  if (props === undefined) return { variable: 'off' };
  const auth = props.auth ?? apiAuth;
  switch (auth.kind) {
    case 'basic':
      return { variable: auth.secret.secretArn, secret: auth.secret };
    case 'none':
      return { variable: 'none' };
    case 'iam':
    case 'jwt':
      throw new Error(
        `wcsPorts.auth: basic or none is needed, since a load balancer cannot check ${auth.kind}`,
      );
  }
}

/** An Application Load Balancer in front of the function that answers WCS's methods. */
export class WcsPorts extends Construct {
  readonly loadBalancer: ApplicationLoadBalancer;

  /** @throws Error for the internet without `clients` */
  constructor(scope: Construct, id: string, { wcs, ...props }: WcsPortsProps & { readonly wcs: IFunction }) {
    super(scope, id);
    const { certificate, internetFacing = false } = props;
    if (internetFacing && props.clients === undefined) {
      throw new Error(
        "wcsPorts.clients: who may reach a load balancer of the internet must be said, such as [Peer.ipv4('198.51.100.0/24')]",
      );
    }
    const vpc = props.vpc as IVpc;
    if (vpc.availabilityZones.length < 2) {
      throw new Error(
        `wcsPorts.vpc: a load balancer needs subnets in two availability zones, and this VPC has ${vpc.availabilityZones.length}`,
      );
    }
    checkRegion(this, 'wcsPorts.certificate', certificate.certificateArn);
    const clients = props.clients ?? [Peer.ipv4(vpc.vpcCidrBlock)];
    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'Stream Recorder: clients of WCS',
      allowAllOutbound: false,
    });
    for (const port of Object.values(WCS_PORTS)) {
      for (const client of clients) securityGroup.addIngressRule(client, Port.tcp(port), 'Clients of WCS');
    }
    if (props.clients === undefined) {
      acknowledge(
        securityGroup,
        'AwsSolutions-EC23',
        "The rule cannot read the VPC's own addresses, which are known when it is deployed.",
      );
    }
    this.loadBalancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      internetFacing,
      securityGroup,
      dropInvalidHeaderFields: true,
    });
    acknowledge(
      this.loadBalancer,
      'AwsSolutions-ELB2',
      "The function logs each request, and the load balancer's own log would need a bucket of its own.",
    );
    const targets = new ApplicationTargetGroup(this, 'Targets', { vpc, targets: [new LambdaTarget(wcs)] });
    this.loadBalancer.addListener('Http', {
      port: WCS_PORTS.http,
      protocol: ApplicationProtocol.HTTP,
      open: false,
      defaultTargetGroups: [targets],
    });
    this.loadBalancer.addListener('Https', {
      port: WCS_PORTS.https,
      protocol: ApplicationProtocol.HTTPS,
      open: false,
      certificates: [certificate],
      sslPolicy: SslPolicy.RECOMMENDED_TLS,
      defaultTargetGroups: [targets],
    });
  }
}
