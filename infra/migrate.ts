import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { migrate } from './migration/migration.ts';
import { migrationReport } from './migration/report.ts';

/** `npm run migrate`: what a WCS server's settings become. Exit codes: 0, 1 (a file cannot be read), 2 (usage). */
const USAGE = `usage: npm run migrate -- path/to/flashphoner.properties [--hook path/to/on_record_hook.sh] [--json]
  --hook  an on-record script, which is looked through
  --json  settings and findings for programs`;

export interface MigrateResult {
  readonly exitCode: 0 | 1 | 2;
  readonly output: string;
}

/** @param read a file's text */
export function migrateCli(args: readonly string[], read: (path: string) => string): MigrateResult {
  let options: { hook?: string; json?: boolean; help?: boolean };
  let files: readonly string[];
  try {
    const parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        hook: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    [options, files] = [parsed.values, parsed.positionals];
  } catch (error) {
    return { exitCode: 2, output: `${(error as Error).message}\n${USAGE}` };
  }
  if (options.help === true) return { exitCode: 0, output: USAGE };
  const [file, ...more] = files;
  if (file === undefined || more.length > 0) return { exitCode: 2, output: USAGE };
  try {
    const migration = migrate(read(file));
    if (options.json === true) return { exitCode: 0, output: JSON.stringify(migration, null, 2) };
    const script = options.hook === undefined ? undefined : { path: options.hook, text: read(options.hook) };
    return { exitCode: 0, output: migrationReport(migration, script) };
  } catch (error) {
    return { exitCode: 1, output: (error as Error).message };
  }
}

if (import.meta.main) {
  const { exitCode, output } = migrateCli(process.argv.slice(2), (path) => readFileSync(path, 'utf8'));
  (exitCode === 0 ? process.stdout : process.stderr).write(`${output}\n`);
  process.exitCode = exitCode;
}
