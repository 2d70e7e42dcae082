import { Stack, Token } from 'aws-cdk-lib';
import { ApiMapping, DomainName, type HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Construct } from 'constructs';

/** A name of the deployer's for the API. */
export interface DomainProps {
  /** Such as recorder.example.com. Its record, an alias to `domainTarget`, is made by whoever has the zone. */
  readonly name: string;
  /** For this name, in the stack's region. */
  readonly certificate: ICertificate;
}

const NAME = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;

/** The API under a name of its own. It stays reachable by API Gateway's. */
export class Domain extends Construct {
  /** What a DNS record has to lead to. */
  readonly target: string;

  /** @throws Error for what is no name, or a certificate of another region */
  constructor(
    scope: Construct,
    id: string,
    { name, certificate, stage }: DomainProps & { stage: HttpStage },
  ) {
    super(scope, id);
    if (!Token.isUnresolved(name) && !NAME.test(name)) {
      throw new Error(
        `domain.name: must be a host name in lower case, such as recorder.example.com, and is "${name}"`,
      );
    }
    checkRegion(this, 'domain.certificate', certificate.certificateArn);
    const domainName = new DomainName(this, 'Name', { domainName: name, certificate });
    new ApiMapping(this, 'Mapping', { api: stage.api, domainName, stage });
    this.target = domainName.regionalDomainName;
  }
}

/**
 * @param arn of something that has to be in the region of the stack
 * @throws Error naming the property, where both regions are known at synth
 */
export function checkRegion(scope: Construct, property: string, arn: string): void {
  const { region } = Stack.of(scope);
  if (Token.isUnresolved(arn) || Token.isUnresolved(region)) return;
  const its = arn.split(':')[3] ?? '';
  if (its !== region) {
    throw new Error(`${property}: must be in the stack's region, ${region}, and is in ${its}: ${arn}`);
  }
}
