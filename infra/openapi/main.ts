import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openApiYaml } from './text.ts';

/** Writes docs/openapi.yaml: `node infra/openapi/main.ts`. */
await writeFile(path.resolve(import.meta.dirname, '../../docs/openapi.yaml'), openApiYaml());
