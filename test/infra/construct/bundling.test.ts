import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { withLiteralKeys } from '../../../infra/construct/bundling/plugins.ts';

describe("an SDK client's schemas", () => {
  it('have their keys written out, and nothing else changed', () => {
    const given = `const _hH = "httpHeader";\nconst _b = other;\nvar a = [{ [_hH]: "x", [_b]: 1, [_c]: [_hH] }];\n`;
    expect(withLiteralKeys(given)).toBe(
      `const _hH = "httpHeader";\nconst _b = other;\nvar a = [{ "httpHeader": "x", [_b]: 1, [_c]: [_hH] }];\n`,
    );
  });

  it('have no computed key any more, in every client that functions use', () => {
    const root = path.resolve(import.meta.dirname, '../../..');
    const files = globSync('node_modules/@aws-sdk/client-{s3,sqs,ecs,eventbridge}/dist-es/schemas/*.js', {
      cwd: root,
    });
    expect(files).toHaveLength(4);
    for (const file of files) {
      const schemas = readFileSync(path.join(root, file), 'utf8');
      expect(schemas, file).toMatch(/\[_\w+\]:/);
      expect(withLiteralKeys(schemas), file).not.toMatch(/\[_\w+\]:/);
    }
  });
});
