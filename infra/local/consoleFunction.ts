import { buildConsole } from '../../clients/web/build.ts';
import { CONSOLE } from '../optionalFunctions.ts';
import type { GatewayRoute } from './gateway/server.ts';
import type { LambdaFunction } from './lambda/function.ts';
import { localFunction } from './lambda/functions.ts';

export interface ConsoleFunctionOptions {
  readonly region: string;
  readonly accountId: string;
  /** Where the console's files are built into. */
  readonly folder: string;
  /** Where the links of records lead. */
  readonly s3Url: string;
  readonly onLog: (source: string, line: string) => void;
}

export const CONSOLE_ROUTES: readonly GatewayRoute[] = CONSOLE.paths.flatMap((route) =>
  CONSOLE.methods.map((method) => ({ method, path: route, function: CONSOLE.function.name })),
);

/** The console's own function, with its files made anew of what clients/web has. */
export async function consoleFunction(options: ConsoleFunctionOptions): Promise<LambdaFunction> {
  const { region, accountId, folder, s3Url, onLog } = options;
  await buildConsole(folder);
  return localFunction(CONSOLE.function, {
    region,
    accountId,
    environment: {
      [CONSOLE.environment.folder]: folder,
      [CONSOLE.environment.mediaOrigins]: s3Url,
      // The local runtime asks nobody who he is.
      [CONSOLE.environment.signIn]: 'none',
    },
    onLog: (line) => onLog(CONSOLE.function.name, line),
  });
}
