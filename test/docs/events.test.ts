import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import {
  EVENT_SCHEMAS,
  EVENT_TYPES,
  type EventType,
  eventId,
  MOVE_CONTINUES,
} from '../../functions/core/events/published.ts';
import { INCOMPLETE_CODES } from '../../functions/core/relocation/incompleteReason.ts';

const DOCUMENT = readFileSync(path.resolve(import.meta.dirname, '../../docs/events.md'), 'utf8');
const SECTIONS = new Map(
  DOCUMENT.split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section] as const),
);

/** Names of the fields, with ? where they may be absent, sorted. */
function fieldsOf(schema: z.ZodMiniObject): string[] {
  return Object.entries(schema.shape)
    .map(([name, type]) => (z.safeParse(z.object({ [name]: type }), {}).success ? `${name}?` : name))
    .sort();
}

describe('docs/events.md', () => {
  it('has a section for each event, and for no other', () => {
    expect([...SECTIONS.keys()]).toEqual([...Object.values(EVENT_TYPES), MOVE_CONTINUES]);
  });

  it.each(Object.values(EVENT_TYPES))('%s: its fields are those of the schema', (type: EventType) => {
    const section = SECTIONS.get(type) ?? '';
    const rows = [...section.matchAll(/^\| `(\w+)`(\??) \|/gm)].map(([, name, mark]) => `${name}${mark}`);
    expect(rows.sort()).toEqual(fieldsOf(EVENT_SCHEMAS[type]));
  });

  it.each(Object.values(EVENT_TYPES))('%s: its example is one', (type: EventType) => {
    const json = /```json\n(.+?)```/s.exec(SECTIONS.get(type) ?? '')?.[1] ?? '';
    const example = JSON.parse(json) as {
      id: string;
      recordingId: string;
      part?: number;
      clipId?: string;
    };
    // Nothing is in it that the schema does not know.
    expect(EVENT_SCHEMAS[type].parse(example)).toEqual(example);
    const { recordingId, part, clipId } = example;
    const which = type === EVENT_TYPES.recordingStarted ? undefined : (clipId ?? part);
    expect(example.id).toBe(eventId(type, recordingId, which));
  });

  it.each(INCOMPLETE_CODES)('tells what %s means', (code) => {
    expect(SECTIONS.get(EVENT_TYPES.recordAvailable)).toContain(`\`${code}\``);
  });
});
