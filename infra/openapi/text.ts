import { openApiDocument } from './document.ts';
import { toYaml } from './yaml.ts';

/** docs/openapi.yaml, as it should be. */
export function openApiYaml(): string {
  return `# Made by \`node infra/openapi/main.ts\` of the schemas that the functions validate with. Do not edit.${toYaml(openApiDocument())}\n`;
}
