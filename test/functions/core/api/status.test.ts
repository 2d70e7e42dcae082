import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { statusView } from '../../../../functions/core/api/status.ts';
import { openApiDocument } from '../../../../infra/openapi/document.ts';

it('says which package answers, and by which document', () => {
  const file = path.resolve(import.meta.dirname, '../../../../package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  const { version: apiVersion } = openApiDocument().info as { version: string };
  const facts = {
    nowMs: 0,
    active: { count: 0, isMore: false },
    hosts: [],
    queues: [],
    reconciled: undefined,
  };
  expect(statusView(facts)).toMatchObject({ version, apiVersion });
});
