import path from 'node:path';
import { buildConsole } from '../../clients/web/build.ts';
import { CONSOLE } from '../optionalFunctions.ts';
import type { GatewayRoute } from './gateway/server.ts';
import { LambdaFunction } from './lambda/function.ts';

export interface ConsoleFunctionOptions {
  readonly region: string;
  readonly accountId: string;
  /** Where the console's files are built into. */
  readonly folder: string;
  /** Where the links of records lead. */
  readonly s3Url: string;
  readonly onLog: (source: string, line: string) => void;
}

const HANDLER = path.resolve(import.meta.dirname, '..', '..', 'functions', 'handlers', 'console.ts');

export const CONSOLE_ROUTES: readonly GatewayRoute[] = CONSOLE.paths.map((route) => ({
  method: 'GET',
  path: route,
  function: CONSOLE.function.name,
}));

/** The console's own function, with its files made anew of what clients/web has. */
export async function consoleFunction(options: ConsoleFunctionOptions): Promise<LambdaFunction> {
  const { region, accountId, folder, s3Url, onLog } = options;
  await buildConsole(folder);
  const { name, memoryMb, timeoutSeconds } = CONSOLE.function;
  return new LambdaFunction({
    functionName: name,
    handlerPath: HANDLER,
    functionArn: `arn:aws:lambda:${region}:${accountId}:function:${name}`,
    memoryMb,
    timeoutMs: timeoutSeconds * 1000,
    maxEnvironments: 1,
    onLog: (line) => onLog(name, line),
    env: {
      AWS_REGION: region,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      [CONSOLE.environment.folder]: folder,
      [CONSOLE.environment.mediaOrigins]: s3Url,
    },
  });
}
