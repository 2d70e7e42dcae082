import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { Context } from 'aws-lambda';
import type { EnvironmentData, FromEnvironment, InvocationRequest } from './environment.ts';

/**
 * What runs inside a function's environment (a worker thread): imports the handler, then answers one invocation after
 * the other, as Lambda's own Node runtime does. Events and answers cross as JSON, so nothing else can be in them.
 */
const data = workerData as EnvironmentData;
const parent = parentPort;
if (parent === null) throw new Error('bootstrap.ts runs in a worker thread only');

type Handler = (event: unknown, context: RuntimeContext) => unknown;
/** Node 24's runtime has no `done`, `fail` and `succeed` any more. */
type RuntimeContext = Omit<Context, 'done' | 'fail' | 'succeed'>;

// Not by NODE_COMPILE_CACHE: the environment is the function's.
enableCompileCache(data.compileCache);
const { handler } = (await import(data.handlerUrl)) as { readonly handler?: Handler };
if (typeof handler !== 'function') throw new Error(`${data.functionName} exports no function named handler`);

parent.on('message', (request: InvocationRequest) => {
  void answer(handler, request).then((message) => parent.postMessage(message));
});
parent.postMessage({ kind: 'ready' } satisfies FromEnvironment);

async function answer(run: Handler, request: InvocationRequest): Promise<FromEnvironment> {
  try {
    const result = await run(JSON.parse(request.eventJson), contextOf(request));
    return { kind: 'answer', json: JSON.stringify(result === undefined ? null : result) };
  } catch (error) {
    const { name, message, stack } =
      error instanceof Error ? error : { name: 'Error', message: String(error), stack: undefined };
    const { requestId } = request;
    console.error(
      JSON.stringify({
        timestamp: new Date().toISOString(),
        level: 'ERROR',
        message: 'Invoke Error',
        requestId,
        errorType: name,
        errorMessage: message,
        stack: stack?.split('\n'),
      }),
    );
    return { kind: 'error', errorType: name, errorMessage: message };
  }
}

function contextOf({ requestId, timeoutMs }: InvocationRequest): RuntimeContext {
  const deadlineMs = performance.now() + timeoutMs;
  return {
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: true,
    functionName: data.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: data.functionArn,
    memoryLimitInMB: String(data.memoryMb),
    logGroupName: `/aws/lambda/${data.functionName}`,
    logStreamName: data.logStreamName,
    getRemainingTimeInMillis: () => Math.max(0, Math.round(deadlineMs - performance.now())),
  };
}
