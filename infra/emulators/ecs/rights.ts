import type { Right } from '../shared/policy.ts';
import type {
  DescribeServicesRequest,
  DescribeTasksRequest,
  RunTaskRequest,
  StopTaskRequest,
  UpdateServiceRequest,
} from './requests.ts';
import type { TaskDefinition } from './task.ts';

export interface RightsPlace {
  /** `arn:aws:ecs:<region>:<account>` */
  readonly arnPrefix: string;
  readonly clusterName: string;
  readonly clusterArn: string;
  /** @throws AwsError when there is none */
  definition(name: string): TaskDefinition;
  definitionArn(definition: TaskDefinition): string;
}

/** The rights that each operation needs: "Actions, resources, and condition keys for Amazon ECS" (Service Authorization Reference). */
export class EcsRights {
  readonly #place: RightsPlace;
  readonly #context: NonNullable<Right['context']>;

  constructor(place: RightsPlace) {
    this.#place = place;
    this.#context = { 'ecs:cluster': place.clusterArn };
  }

  /** Whoever runs a task passes its roles on ("Amazon ECS task execution IAM role"), and copies tags where it asks for that. */
  runTask({ taskDefinition, propagateTags }: RunTaskRequest): Right[] {
    const definition = this.#place.definition(taskDefinition);
    return [
      this.#right('ecs:RunTask', this.#place.definitionArn(definition)),
      ...(definition.roleArns ?? []).map((resource) => ({
        action: 'iam:PassRole',
        resource,
        context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
      })),
      // "Grant permission to tag resources on creation", ECS Developer Guide.
      ...(propagateTags === 'TASK_DEFINITION'
        ? [
            {
              action: 'ecs:TagResource',
              resource: this.#taskArn('*'),
              context: { 'ecs:CreateAction': 'RunTask' },
            },
          ]
        : []),
    ];
  }

  stopTask({ task }: StopTaskRequest): Right[] {
    return [this.#right('ecs:StopTask', this.#taskArn(task))];
  }

  describeTasks({ tasks }: DescribeTasksRequest): Right[] {
    return tasks.map((task) => this.#right('ecs:DescribeTasks', this.#taskArn(task)));
  }

  listTasks(): Right[] {
    const { arnPrefix, clusterName } = this.#place;
    return [this.#right('ecs:ListTasks', `${arnPrefix}:container-instance/${clusterName}/*`)];
  }

  updateService({ service }: UpdateServiceRequest): Right[] {
    return [this.#right('ecs:UpdateService', this.#serviceArn(service))];
  }

  describeServices({ services }: DescribeServicesRequest): Right[] {
    return services.map((service) => this.#right('ecs:DescribeServices', this.#serviceArn(service)));
  }

  /** By the agent, with the rights of the task's own role ("Amazon ECS task scale-in protection endpoint"). */
  protection(task: string, action: 'ecs:GetTaskProtection' | 'ecs:UpdateTaskProtection'): Right[] {
    return [this.#right(action, this.#taskArn(task))];
  }

  #right(action: string, resource: string): Right {
    return { action, resource, context: this.#context };
  }

  #taskArn(idOrArn: string): string {
    return this.#arn('task', idOrArn);
  }

  #serviceArn(nameOrArn: string): string {
    return this.#arn('service', nameOrArn);
  }

  #arn(kind: string, nameOrArn: string): string {
    const { arnPrefix, clusterName } = this.#place;
    return nameOrArn.startsWith('arn:') ? nameOrArn : `${arnPrefix}:${kind}/${clusterName}/${nameOrArn}`;
  }
}
