import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import * as z from 'zod';
import { type Denial, denialMessage } from '../shared/access.ts';
import type { Task } from './task.ts';

export interface TaskServerOptions {
  /** The task of an id. */
  readonly find: (taskId: string) => Task | undefined;
  readonly isOfService: (task: Task) => boolean;
  /** Why a task's role may not. */
  readonly denied: (
    task: Task,
    action: 'ecs:GetTaskProtection' | 'ecs:UpdateTaskProtection',
  ) => Denial | undefined;
  readonly onProtection: (task: Task) => void;
  readonly now: () => Date;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

const NOT_FOUND: Answer = { status: 404, body: { error: 'No such task or page.' } };

/**
 * What a Fargate task sees without an AWS call. The metadata endpoint, version 4: `GET <uri>/task`, and `GET <uri>` for
 * its container. The agent's endpoint for scale-in protection: GET and PUT of `<agent uri>/task-protection/v1/state`.
 * It has a server of its own, since on Fargate it does not depend on the ECS API either.
 */
export function createTaskServer(options: TaskServerOptions): Server {
  return createServer((request, response) => {
    void answer(request, options)
      .catch((error: unknown): Answer => ({ status: 500, body: { error: String(error) } }))
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      });
  });
}

async function answer(request: IncomingMessage, options: TaskServerOptions): Promise<Answer> {
  const [, kind, id = '', ...page] = (request.url ?? '').split('?')[0]?.split('/') ?? [];
  const task = options.find(id);
  const path = page.join('/');
  if (task === undefined) return NOT_FOUND;
  if (kind === 'v4' && path === 'task') return { status: 200, body: taskMetadata(task) };
  if (kind === 'v4' && path === '') return { status: 200, body: container(task) };
  if (kind === 'api' && path === 'task-protection/v1/state') return protection(request, task, options);
  return NOT_FOUND;
}

const protectionRequest = z.object({
  ProtectionEnabled: z.boolean(),
  ExpiresInMinutes: z.int().min(1).max(2_880).default(120),
});

/** "Amazon ECS task scale-in protection endpoint" in the ECS manual. */
async function protection(request: IncomingMessage, task: Task, options: TaskServerOptions): Promise<Answer> {
  const isPut = request.method === 'PUT';
  const denial = options.denied(task, isPut ? 'ecs:UpdateTaskProtection' : 'ecs:GetTaskProtection');
  if (denial !== undefined) {
    const error = { Arn: task.arn, Code: 'AccessDeniedException', Message: denialMessage(denial) };
    return { status: 400, body: { requestID: randomUUID(), error } };
  }
  if (isPut) {
    const asked = protectionRequest.safeParse(await json(request));
    if (!asked.success) {
      const error = { Arn: task.arn, Code: 'InvalidParameterException', Message: asked.error.message };
      return { status: 400, body: { requestID: randomUUID(), error } };
    }
    if (!options.isOfService(task)) {
      const Detail = 'Task protection is only supported for tasks that belong to a service.';
      return { status: 200, body: { failure: { Arn: task.arn, Reason: 'TASK_NOT_VALID', Detail } } };
    }
    const { ProtectionEnabled, ExpiresInMinutes } = asked.data;
    const until = new Date(options.now().getTime() + ExpiresInMinutes * 60_000);
    task.protect(ProtectionEnabled ? until : undefined);
    options.onProtection(task);
  }
  const until = task.protectedUntil;
  const state = {
    ProtectionEnabled: until !== undefined,
    ...(until !== undefined && { ExpirationDate: until.toISOString() }),
    TaskArn: task.arn,
  };
  return { status: 200, body: { protection: state } };
}

function taskMetadata(task: Task): object {
  const view = task.view((date) => date.toISOString());
  return {
    Cluster: view.clusterArn,
    TaskARN: view.taskArn,
    Family: task.spec.definition.family,
    Revision: String(task.spec.definition.revision),
    DesiredStatus: view.desiredStatus,
    KnownStatus: view.lastStatus,
    Containers: [container(task)],
    LaunchType: view.launchType,
    AvailabilityZone: view.availabilityZone,
  };
}

function container(task: Task): object {
  const view = task.view((date) => date.toISOString());
  return {
    DockerId: task.id,
    Name: task.spec.definition.containerName,
    DesiredStatus: view.desiredStatus,
    KnownStatus: view.lastStatus,
    Type: 'NORMAL',
    CreatedAt: view.createdAt,
    ...(view.startedAt !== undefined && { StartedAt: view.startedAt }),
    ContainerARN: view.containers[0]?.containerArn,
  };
}
