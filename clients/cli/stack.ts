import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { ApiError } from '../typescript/client.ts';

/** Outputs of a stack, as CloudFormation has them. @throws Error where there is no such stack */
export async function outputsOfStack(name: string, region?: string): Promise<Record<string, unknown>> {
  const client = new CloudFormationClient(region === undefined ? {} : { region });
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
  return Object.fromEntries(
    (Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue }) => [OutputKey, OutputValue]),
  );
}

/** The address of a deployment's API. @throws ApiError where there is no such stack, or it is none of ours */
export async function apiOfStack(name: string, region: string): Promise<string> {
  const outputs = await outputsOfStack(name, region).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ApiError(`CloudFormation does not tell of ${name}: ${why}`, {
      status: 0,
      code: 'stack_unknown',
      cause,
    });
  });
  if (typeof outputs.ApiUrl === 'string') return outputs.ApiUrl.replace(/\/+$/, '');
  throw new ApiError(`The stack ${name} has no output ApiUrl: is it Stream Recorder's?`, {
    status: 0,
    code: 'stack_unknown',
  });
}
