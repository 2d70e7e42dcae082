import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseInput } from '../../../../functions/core/api/validation.ts';
import { register } from '../../../../functions/core/hooks/apply.ts';
import type { HookEvent } from '../../../../functions/core/hooks/event.ts';
import { type HookSettingsInput, hookSettingsSchema } from '../../../../functions/core/hooks/settings.ts';
import { templateSource } from '../../../../functions/core/hooks/streamSource.ts';
import { DEFAULT_SOURCE_RULES, type SourceRules } from '../../../../functions/core/source/sourceRules.ts';
import { filledUrl } from '../../../../functions/core/source/sourceSecret.ts';
import { sessionKey } from '../../../../functions/core/state/keys.ts';
import { CODE_POINT } from '../../../support/codePoint.ts';
import { ManualClock, MemoryStore } from '../../../support/memoryStore.ts';

const settings = (sources: NonNullable<HookSettingsInput['sources']>) =>
  parseInput(hookSettingsSchema, { sources }, 'hooks');
const WITH_SECRET = {
  sourceUrl: 'rtsp://{username}:{password}@media.example/{app}/{streamName}',
  sourceSecret: 'media/reader',
};

it('a source by a template stays on its host, whatever the name', () => {
  const { sources } = settings({
    live: 'rtmp://media.example/live/{streamName}',
    '*': 'srt://h:9/{app}/{mediaSessionId}',
  });
  expect(templateSource({ name: 'a b/ü?x#y', app: 'live', mediaSessionId: 'm' }, sources)).toEqual({
    sourceUrl: 'rtmp://media.example/live/a%20b/%C3%BC%3Fx%23y',
  });
  expect(templateSource({ name: 'n', app: '__proto__', mediaSessionId: 'm' }, sources)).toEqual({
    sourceUrl: 'srt://h:9/__proto__/m',
  });
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT, minLength: 1 }), (name) => {
      fc.pre(!name.split('/').some((piece) => piece === '.' || piece === '..'));
      const source = templateSource({ name, app: 'live', mediaSessionId: 'm' }, sources);
      const url = new URL(source?.sourceUrl ?? '');
      expect(url.host).toBe('media.example');
      expect(url.pathname.startsWith('/live/')).toBe(true);
      expect(url.search + url.hash).toBe('');
    }),
  );
});

describe('a source by a template with a secret', () => {
  const named = fc.oneof(
    fc.string({ unit: CODE_POINT }),
    fc.constantFrom('{password}', '@evil.example/', '/evil.example', '?', '#'),
  );

  it("has the secret's values where the deployer put them, whatever publishers call their streams", () => {
    const { sources } = settings({ '*': WITH_SECRET });
    fc.assert(
      fc.property(named, named, (name, app) => {
        fc.pre(![name, app].some((one) => /(^|\/)\.\.?(\/|$)/.test(one)));
        const source = templateSource({ name, app, mediaSessionId: 'm' }, sources);
        expect(source?.sourceSecret).toBe('media/reader');
        const filled = new URL(
          filledUrl(source?.sourceUrl ?? '', { username: 'u', password: 'p4ssw0rd!' }) ?? '',
        );
        expect([filled.host, filled.username, filled.password]).toEqual(['media.example', 'u', 'p4ssw0rd!']);
        expect(filled.pathname + filled.search + filled.hash).not.toContain('p4ssw0rd');
      }),
    );
  });

  it.each([
    [
      'rtsp://{username}:{password}@{app}.example/{streamName}',
      'hooks.sources.live.sourceUrl must be a URL whose host',
    ],
    [
      'rtsp://{streamName}:{password}@media.example/1',
      'hooks.sources.live.sourceUrl must be a URL whose host',
    ],
    ['media.example/{password}', 'hooks.sources.live.sourceUrl must be a URL whose host'],
    [
      'rtsp://media.example/{streamName}',
      "hooks.sources.live.sourceUrl must say where the secret's values go",
    ],
  ])('%s is refused', (sourceUrl, message) => {
    expect(() => settings({ live: { ...WITH_SECRET, sourceUrl } })).toThrow(message);
  });

  const HOW = 'hooks.sources.live must be a template, or one with its secret: {"sourceUrl":"rtsp:';
  it.each([
    [{ sourceUrl: WITH_SECRET.sourceUrl }, HOW],
    [1, HOW],
    [{ ...WITH_SECRET, url: '' }, 'hooks.sources.live.url is not known'],
  ])('%j is told how it is written', (live, message) => {
    expect(() => parseInput(hookSettingsSchema, { sources: { live } }, 'hooks')).toThrow(message);
  });
});

describe('a stream of the registry', () => {
  const published: HookEvent = {
    what: 'published',
    mediaSessionId: 'live/cam',
    name: 'cam',
    app: 'live',
    kind: 'rtmp',
    sessionId: 'c1',
  };
  const rules: SourceRules = { ...DEFAULT_SOURCE_RULES, secrets: ['media/*'] };
  const hear = (store: MemoryStore, event: HookEvent, sources = rules) =>
    register({ store, clock: new ManualClock() }, event, settings({ live: WITH_SECRET }), sources);

  it("is announced by a hook with its template's secret", async () => {
    const store = new MemoryStore();
    expect(await hear(store, published)).toMatchObject({
      sourceUrl: 'rtsp://{username}:{password}@media.example/live/cam',
      sourceSecret: 'media/reader',
    });
  });

  it('is refused where recorders may not read that secret', async () => {
    const store = new MemoryStore();
    await expect(hear(store, published, DEFAULT_SOURCE_RULES)).rejects.toMatchObject({
      code: 'invalid_request',
      field: 'sourceSecret',
    });
    expect(store.objects.has(sessionKey('live/cam'))).toBe(false);
  });

  it('keeps URL and secret together, and gives a secret to no URL that a hook brings', async () => {
    const store = new MemoryStore();
    const announced = {
      mediaSessionId: 'other/cam',
      name: 'cam',
      status: 'PENDING',
      sourceUrl: 'rtsp://{key}@camera.example/1',
      sourceSecret: 'media/camera',
      eventAtMs: 1,
    };
    const ofOther = { ...published, mediaSessionId: 'other/cam', app: 'other' };
    store.put(sessionKey('other/cam'), announced);
    // Of another connection than the one that is known: no template says where it is.
    expect(await hear(store, ofOther)).toMatchObject({
      sourceUrl: announced.sourceUrl,
      sourceSecret: announced.sourceSecret,
    });
    const brought = { ...ofOther, sessionId: 'c2', sourceUrl: 'rtsp://elsewhere.example/{key}' };
    const session = await hear(store, brought);
    expect(session.sourceUrl).toBe(brought.sourceUrl);
    expect(session).not.toHaveProperty('sourceSecret');
    // Nor to one of the connection that is known.
    store.put(sessionKey('other/cam'), { ...announced, sessionId: 'c3' });
    expect(await hear(store, { ...brought, sessionId: 'c3' })).not.toHaveProperty('sourceSecret');
  });
});
