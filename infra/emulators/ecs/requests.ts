import { z } from 'zod';

/** What each operation takes, with ECS's documented limits. Members that are not named here are left out. */

/** What exists on ECS and not here is refused; being ignored would flatter the caller. */
const notOffered = z.undefined('is not offered by this endpoint').optional();

/** 8,192 characters for all overrides, the JSON of their structure included. */
const MAX_OVERRIDES_CHARACTERS = 8_192;

const containerOverride = z.object({
  name: z.string('needs the name of a container'),
  environment: z.array(z.object({ name: z.string().min(1), value: z.string() })).optional(),
  command: notOffered,
  environmentFiles: notOffered,
  resourceRequirements: notOffered,
});

const overrides = z
  .object({
    cpu: z.string().optional(),
    memory: z.string().optional(),
    containerOverrides: z.array(containerOverride).default([]),
    taskRoleArn: notOffered,
    executionRoleArn: notOffered,
    ephemeralStorage: notOffered,
  })
  .refine((value) => JSON.stringify(value).length <= MAX_OVERRIDES_CHARACTERS, {
    message: `Overrides exceed ${MAX_OVERRIDES_CHARACTERS} characters`,
  });

const networkConfiguration = z.object({
  awsvpcConfiguration: z.object({
    subnets: z.array(z.string()).min(1, 'subnets can not be empty.').max(16),
    securityGroups: z.array(z.string()).max(5).optional(),
    assignPublicIp: z.enum(['ENABLED', 'DISABLED']).optional(),
  }),
});

export const runTaskRequest = z.object({
  cluster: z.string().default('default'),
  taskDefinition: z.string('can not be blank').min(1, 'can not be blank'),
  clientToken: z
    .string()
    .max(64, 'at most 64 characters')
    .regex(/^[\x21-\x7e]*$/, 'ASCII characters 33 to 126 only')
    .optional(),
  count: z.int().min(1, 'between 1 and 10').max(10, 'between 1 and 10').default(1),
  startedBy: z
    .string()
    .max(128, 'at most 128 characters')
    .regex(/^[A-Za-z0-9/_-]*$/, 'letters, numbers, hyphens, slashes and underscores only')
    .optional(),
  group: z.string().optional(),
  launchType: z.enum(['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES']).optional(),
  capacityProviderStrategy: z
    .array(
      z.object({
        capacityProvider: z.string(),
        weight: z.int().min(0).max(1000).optional(),
        base: z.int().min(0).max(100_000).optional(),
      }),
    )
    .max(20)
    .optional(),
  networkConfiguration: networkConfiguration.optional(),
  overrides: overrides.default({ containerOverrides: [] }),
  platformVersion: z.enum(['LATEST', '1.4.0']).optional(),
  propagateTags: z.enum(['TASK_DEFINITION', 'NONE'], 'SERVICE is not for RunTask').optional(),
  enableECSManagedTags: z.boolean().optional(),
  enableExecuteCommand: z.literal(false, 'is not offered by this endpoint').optional(),
  tags: z.array(z.unknown()).max(0, 'are not offered by this endpoint').optional(),
  placementConstraints: notOffered,
  placementStrategy: notOffered,
  volumeConfigurations: notOffered,
});
export type RunTaskRequest = z.infer<typeof runTaskRequest>;

export const stopTaskRequest = z.object({
  cluster: z.string().default('default'),
  task: z.string('can not be blank').min(1, 'can not be blank'),
  reason: z.string().max(1024, 'at most 1024 characters').optional(),
});
export type StopTaskRequest = z.infer<typeof stopTaskRequest>;

export const describeTasksRequest = z.object({
  cluster: z.string().default('default'),
  tasks: z.array(z.string()).min(1, 'Tasks cannot be empty.').max(100, 'at most 100 tasks'),
  include: z.array(z.literal('TAGS')).optional(),
});
export type DescribeTasksRequest = z.infer<typeof describeTasksRequest>;

export const listTasksRequest = z
  .object({
    cluster: z.string().default('default'),
    startedBy: z.string().optional(),
    family: z.string().optional(),
    desiredStatus: z.enum(['RUNNING', 'PENDING', 'STOPPED']).optional(),
    launchType: z.enum(['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES']).optional(),
    maxResults: z.int().min(1).max(100).default(100),
    nextToken: z.string().optional(),
    serviceName: z.string().optional(),
    containerInstance: notOffered,
    daemonName: notOffered,
  })
  .refine((list) => list.startedBy === undefined || onlyStartedBy(list), {
    message: 'must be the only filter that is used',
    path: ['startedBy'],
  });
export type ListTasksRequest = z.infer<typeof listTasksRequest>;

/** "When you specify startedBy as the filter, it must be the only filter that you use" (API reference). */
function onlyStartedBy(list: {
  family?: unknown;
  desiredStatus?: unknown;
  launchType?: unknown;
  serviceName?: unknown;
}): boolean {
  return [list.family, list.desiredStatus, list.launchType, list.serviceName].every(
    (filter) => filter === undefined,
  );
}

export const updateServiceRequest = z.object({
  cluster: z.string().default('default'),
  service: z.string('can not be blank').min(1, 'can not be blank'),
  desiredCount: z.int().min(0, 'can not be negative').optional(),
  taskDefinition: z.string().optional(),
  forceNewDeployment: z.boolean().optional(),
  capacityProviderStrategy: notOffered,
  deploymentConfiguration: notOffered,
  networkConfiguration: notOffered,
});
export type UpdateServiceRequest = z.infer<typeof updateServiceRequest>;

export const describeServicesRequest = z.object({
  cluster: z.string().default('default'),
  services: z.array(z.string()).min(1, 'Services cannot be empty.').max(10, 'at most 10 services'),
  include: z.array(z.literal('TAGS')).optional(),
});
export type DescribeServicesRequest = z.infer<typeof describeServicesRequest>;
