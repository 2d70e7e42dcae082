import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openApiDocument } from './document.ts';
import { openApiYaml } from './text.ts';
import { typesOf } from './types.ts';

/** Writes docs/openapi.yaml and the client's types: `npm run openapi`. */
const root = path.resolve(import.meta.dirname, '../..');
await writeFile(path.join(root, 'docs/openapi.yaml'), openApiYaml());
await writeFile(path.join(root, 'clients/typescript/schema.ts'), typesOf(openApiDocument()));
