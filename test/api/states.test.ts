import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument } from '../../infra/openapi/document.ts';
import { SEEDS, seed } from './seeds.ts';
import { TestApi } from './support.ts';

type Json = Record<string, unknown>;
interface Schema {
  readonly const?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}
type Schemas = Readonly<Record<'Recording' | 'RecordingEvents', Schema>>;

let api: TestApi;
const ids = new Map<string, string>();
const shown: Json[] = [];
const events: Json[] = [];

beforeAll(async () => {
  api = await TestApi.start();
  for (const [name, objects] of Object.entries(SEEDS)) {
    ids.set(name, await seed(api.store, name, objects));
  }
});
afterAll(() => api.close());

// Whatever is called here is held against the document.
describe('a recording in every state', () => {
  it.each(Object.keys(SEEDS))('%s: is served as it is documented, with its story', async (name) => {
    const id = ids.get(name);
    const recording = await api.call('GET', `/recordings/${id}`);
    const story = await api.call('GET', `/recordings/${id}/events`);
    expect(recording.status).toBe(200);
    expect(story.status).toBe(200);
    shown.push(recording.body);
    events.push(...(story.body.events as Json[]));
  });

  it('is listed as it is documented', async () => {
    const { status, body } = await api.call('GET', '/recordings?limit=100');
    expect(status).toBe(200);
    expect((body.recordings as Json[]).map(({ recordingId }) => recordingId)).toEqual(
      expect.arrayContaining([...ids.values()]),
    );
  });

  it.each(['/recorder/find_all', '/stream/find_all'])('%s answers as it is documented', async (route) => {
    expect((await api.call('POST', route)).status).toBe(200);
  });

  const { schemas } = openApiDocument().components as { schemas: Schemas };
  const field = ({ properties = {} }: Schema, name: string): Schema => properties[name] ?? {};
  const fieldsOf = ({ properties = {} }: Schema): string[] => Object.keys(properties).sort();
  const fieldsIn = (objects: readonly Json[]): string[] =>
    [...new Set(objects.flatMap((one) => Object.keys(one)))].sort();

  it('has every field that is documented, somewhere', () => {
    expect(fieldsIn(shown)).toEqual(fieldsOf(schemas.Recording));
    const { items: part = {} } = field(schemas.Recording, 'parts');
    expect(fieldsIn(shown.flatMap((one) => one.parts as Json[]))).toEqual(fieldsOf(part));
  });

  it('has every event that is documented, with every field', () => {
    const { items: { anyOf = [] } = {} } = field(schemas.RecordingEvents, 'events');
    expect(anyOf.length).toBeGreaterThan(10);
    for (const schema of anyOf) {
      const { const: type } = field(schema, 'type');
      expect(fieldsIn(events.filter((event) => event.type === type)), type).toEqual(fieldsOf(schema));
    }
  });

  it.each(['rotate', 'stop'])('is asked to %s, and answers as it is documented', async (command) => {
    for (const id of ids.values()) {
      const { body } = await api.call('POST', `/recordings/${id}/${command}`);
      if (command !== 'stop') continue;
      // In the words of the recording itself.
      expect(body.status).toBe((await api.call('GET', `/recordings/${id}`)).body.status);
    }
  });

  it('is deleted, or says why not, as it is documented', async () => {
    for (const id of ids.values()) await api.call('DELETE', `/recordings/${id}?records=true`);
  });
});
