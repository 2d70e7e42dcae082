export type RuntimePart = 'api' | 'https' | 's3' | 'ecs' | 'events' | 'sqs' | 'rtmp' | 'data';

/** The runtime could not start for a reason that its user can change; `part` says which setting it is. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly part: RuntimePart;

  constructor(part: RuntimePart, message: string, options?: ErrorOptions) {
    super(message, options);
    this.part = part;
  }
}

/** @throws StartError when the port is taken or may not be used */
export async function listening<T>(
  part: RuntimePart,
  port: number | undefined,
  start: Promise<T>,
): Promise<T> {
  try {
    return await start;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new StartError(part, `Port ${port} is taken.`, { cause });
    if (code === 'EACCES') throw new StartError(part, `Port ${port} may not be used.`, { cause });
    throw cause;
  }
}
