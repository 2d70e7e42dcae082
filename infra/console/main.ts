import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { signed } from '../../clients/cli/connect.ts';
import { apiOfStack } from '../../clients/cli/stack.ts';
import { asApiError } from '../../clients/typescript/client.ts';
import { buildConsole } from '../../clients/web/build.ts';
import { startConsoleServer } from './server.ts';

/** `npm run console`: the console of a deployment whose API takes signatures, on this machine. Exit codes: 0, 1, 2 (usage). */
const USAGE = `usage: npm run console -- [--stack NAME | --api URL] [--region REGION] [--port PORT]
  --stack NAME   the CloudFormation stack; StreamRecorder by default
  --api URL      the API's address, where CloudFormation is not to be asked
  --region       else AWS_REGION
  --port         8088 by default
Signs each call with the AWS credentials of this environment (AWS_PROFILE, …), which need execute-api:Invoke.`;

const text = { type: 'string' } as const;

async function main(): Promise<number> {
  let values: { stack?: string; api?: string; region?: string; port?: string; help?: boolean };
  try {
    const help = { type: 'boolean', short: 'h' } as const;
    values = parseArgs({ options: { stack: text, api: text, region: text, port: text, help } }).values;
  } catch (error) {
    return usage(`${(error as Error).message}\n`);
  }
  if (values.help === true) {
    console.log(USAGE);
    return 0;
  }
  const { stack = 'StreamRecorder', port = '8088' } = values;
  const region = values.region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  if (region === undefined) return usage('--region is missing, and AWS_REGION.\n');
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) return usage('--port must be from 0 to 65535.\n');
  if (values.api !== undefined && !/^https?:\/\//.test(values.api))
    return usage('--api must be an http(s) URL.\n');

  const folder = await mkdtemp(path.join(tmpdir(), 'stream-recorder-console-'));
  try {
    const api = values.api?.replace(/\/+$/, '') ?? (await apiOfStack(stack, region));
    await buildConsole(folder);
    const server = await startConsoleServer({ port: Number(port), api, send: signed(region), folder });
    console.log(`Console of ${api}: ${server.url}/   (Ctrl-C ends it)`);
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    });
    server.closeAllConnections();
    server.close();
    return 0;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    console.error(
      code === 'EADDRINUSE' ? `Port ${port} is taken: give another --port.` : asApiError(error).message,
    );
    return 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function usage(reason: string): number {
  console.error(`${reason}${USAGE}`);
  return 2;
}

if (import.meta.main) process.exitCode = await main();
