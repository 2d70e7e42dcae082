import {
  GatewayVpcEndpointAwsService,
  type ISubnet,
  type IVpc,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/** Which subnets of a VPC recorders run in. */
export const SUBNET_KINDS = ['public', 'private', 'isolated'] as const;
export type SubnetKind = (typeof SUBNET_KINDS)[number];

const WHAT_IS_NEEDED: Readonly<Record<SubnetKind, string>> = {
  public: 'with a route to an internet gateway',
  private: 'with a route to a NAT, SubnetType.PRIVATE_WITH_EGRESS',
  isolated: 'without a route out, SubnetType.PRIVATE_ISOLATED',
};

export interface RecorderNetworkProps {
  readonly vpc: IVpc | Vpc | undefined;
  readonly subnets: SubnetKind | undefined;
}

/**
 * Where recorder tasks run: by default public subnets, since a task pulls its image and reaches sources on the internet
 * with an address of its own. No NAT (it would cost more than the tasks), no inbound, S3 by a gateway endpoint.
 */
export class RecorderNetwork extends Construct {
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  readonly securityGroup: SecurityGroup;
  /** Only in public subnets can a task use an address of its own, and there nothing else leads out. */
  readonly assignPublicIp: boolean;

  /** @throws Error for a VPC without such subnets */
  constructor(scope: Construct, id: string, { vpc: given, subnets: kind = 'public' }: RecorderNetworkProps) {
    super(scope, id);
    if (given === undefined && kind !== 'public') {
      throw new Error(`subnets: ${kind} needs a vpc that has them, such as vpc: Vpc.fromLookup(…)`);
    }
    if (!SUBNET_KINDS.includes(kind)) {
      throw new Error(`subnets: must be one of ${SUBNET_KINDS.join(', ')}, and is ${String(kind)}`);
    }
    // Vpc is an IVpc; only under exactOptionalPropertyTypes aws-cdk-lib's types do not say so.
    this.vpc = (given ?? this.#makeVpc()) as IVpc;
    this.subnets = {
      public: this.vpc.publicSubnets,
      private: this.vpc.privateSubnets,
      isolated: this.vpc.isolatedSubnets,
    }[kind];
    this.assignPublicIp = kind === 'public';
    if (this.subnets.length === 0) {
      throw new Error(
        `vpc: recorder tasks need at least one ${kind} subnet (${WHAT_IS_NEEDED[kind]}), and this VPC has none`,
      );
    }
    this.securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc: this.vpc,
      description: 'Stream Recorder tasks: no inbound; sources are anywhere, on any port',
      allowAllOutbound: true,
    });
  }

  #makeVpc(): Vpc {
    const vpc = new Vpc(this, 'Vpc', {
      natGateways: 0,
      // A task asks for its public address itself; nothing else is to get one.
      subnetConfiguration: [{ name: 'public', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false }],
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
    });
    acknowledge(
      vpc,
      'AwsSolutions-VPC7',
      'Only recorder tasks live here, without inbound; their logs name what they connect to. Whoever must keep flow logs gives a VPC that has them.',
    );
    return vpc;
  }
}
