import { createServer, type Server } from 'node:http';
import type { Task } from './task.ts';

/**
 * The task metadata endpoint, version 4, as a Fargate task sees it: `GET <uri>/task`, and `GET <uri>` for its container.
 * It has a server of its own, since on Fargate it does not depend on the ECS API either.
 *
 * @param find the task of an id
 */
export function createMetadataServer(find: (taskId: string) => Task | undefined): Server {
  return createServer((request, response) => {
    const [, version, id = '', page] = (request.url ?? '').split('?')[0]?.split('/') ?? [];
    const task = version === 'v4' ? find(id) : undefined;
    const body =
      task === undefined
        ? undefined
        : page === 'task'
          ? taskMetadata(task)
          : page
            ? undefined
            : container(task);
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { error: 'No such task or page.' }));
  });
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
