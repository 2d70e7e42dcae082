import * as z from 'zod/mini';
import type { Deployment } from './context.ts';

/** Outputs of the stock app's stack that checks need. */
const outputsSchema = z.object({
  ApiUrl: z.url(),
  LandingBucketName: z.string(),
  LibraryBucketName: z.string(),
  EventBusName: z.string(),
  ClusterName: z.string(),
});

/** @throws Error naming the output that the stack does not have */
export function deploymentOf(outputs: Readonly<Record<string, unknown>>): Deployment {
  const parsed = outputsSchema.safeParse(outputs);
  if (!parsed.success) {
    const names = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
    throw new Error(`The stack has no output ${names}: is it Stream Recorder's?`);
  }
  const { data } = parsed;
  return {
    apiUrl: data.ApiUrl,
    landingBucket: data.LandingBucketName,
    libraryBucket: data.LibraryBucketName,
    eventBusName: data.EventBusName,
    clusterName: data.ClusterName,
  };
}

/** As `cdk deploy --outputs-file` writes them: by stack, by name. @throws Error where the stack is not in the file */
export function outputsInFile(text: string, stack: string): Record<string, unknown> {
  const file = z.record(z.string(), z.record(z.string(), z.unknown())).parse(JSON.parse(text));
  const outputs = file[stack];
  if (outputs === undefined)
    throw new Error(`The file has ${Object.keys(file).join(', ')}, and no ${stack}.`);
  return outputs;
}
