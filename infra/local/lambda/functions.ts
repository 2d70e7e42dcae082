import { availableParallelism } from 'node:os';
import { FUNCTIONS, type FunctionName, type FunctionSpec, type Resource } from '../../wiring.ts';
import { bundledFunction } from '../bundles.ts';
import type { Invocation } from './environment.ts';
import { LambdaFunction } from './function.ts';

export type { Invocation } from './environment.ts';

export interface FunctionsOptions {
  readonly region: string;
  readonly accountId: string;
  /** What the wiring's environment variables hold. */
  readonly resources: Readonly<Record<Resource, string>>;
  /** What each function gets besides: credentials of its role, and endpoints, in the SDK's own variables. */
  readonly environment: (name: FunctionName) => Readonly<Record<string, string>>;
  readonly onLog: (name: FunctionName, line: string) => void;
  /** As of `LocalFunctionOptions`. */
  readonly promptEnvironments?: number | undefined;
}

/** All functions of the deployment, by name. */
export interface Functions {
  invoke(name: FunctionName, event: unknown): Promise<Invocation>;
  close(): Promise<void>;
}

/** A laptop runs few cores; Lambda would go to a thousand. */
const MAX_ENVIRONMENTS = 4;
/** To begin takes ten times the CPU of an answer: more than there are cores help those alone that wait for something else. */
const PROMPT_ENVIRONMENTS = availableParallelism();

/** The functions of `infra/wiring.ts`, each in worker threads with the environment that the wiring gives it. */
export function createFunctions(options: FunctionsOptions): Functions {
  const functions = new Map<FunctionName, LambdaFunction>();
  for (const name of Object.keys(FUNCTIONS) as FunctionName[]) {
    const wired = Object.entries(FUNCTIONS[name].environment).map(([variable, resource]) => [
      variable,
      options.resources[resource],
    ]);
    const environment = { ...options.environment(name), ...Object.fromEntries(wired) };
    const onLog = (line: string): void => options.onLog(name, line);
    functions.set(name, localFunction(FUNCTIONS[name], { ...options, environment, onLog }));
  }
  return {
    invoke(name, event) {
      const found = functions.get(name);
      if (found === undefined) throw new Error(`there is no function ${name}`);
      return found.invoke(event);
    },
    async close() {
      await Promise.all([...functions.values()].map((one) => one.close()));
    },
  };
}

export interface LocalFunctionOptions {
  readonly region: string;
  readonly accountId: string;
  /** All that it gets besides Lambda's own variables. */
  readonly environment: Readonly<Record<string, string>>;
  readonly onLog: (line: string) => void;
  /** How many environments begin as soon as they are wanted; as many as there are cores by default. */
  readonly promptEnvironments?: number | undefined;
}

/** One function of the deployment, by its description. */
export function localFunction(
  { name, memoryMb, timeoutSeconds }: FunctionSpec,
  options: LocalFunctionOptions,
): LambdaFunction {
  const { region, accountId, environment, onLog, promptEnvironments = PROMPT_ENVIRONMENTS } = options;
  return new LambdaFunction({
    functionName: name,
    handlerPath: () => bundledFunction(name),
    functionArn: `arn:aws:lambda:${region}:${accountId}:function:${name}`,
    memoryMb,
    timeoutMs: timeoutSeconds * 1000,
    maxEnvironments: MAX_ENVIRONMENTS,
    promptEnvironments,
    onLog,
    env: {
      AWS_REGION: region,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      POWERTOOLS_SERVICE_NAME: 'stream-recorder',
      POWERTOOLS_LOG_LEVEL: 'INFO',
      ...environment,
    },
  });
}
