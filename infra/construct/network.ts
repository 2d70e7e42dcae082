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

/**
 * Where recorder tasks run: public subnets, since a task pulls its image and reaches sources on the internet with an
 * address of its own. No NAT (it would cost more than the tasks), no inbound, S3 by a gateway endpoint.
 */
export class RecorderNetwork extends Construct {
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, given: IVpc | Vpc | undefined) {
    super(scope, id);
    // Vpc is an IVpc; only under exactOptionalPropertyTypes aws-cdk-lib's types do not say so.
    this.vpc = (given ?? this.#makeVpc()) as IVpc;
    this.subnets = this.vpc.publicSubnets;
    if (this.subnets.length === 0) {
      throw new Error('vpc: recorder tasks need at least one public subnet, and this VPC has none');
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
