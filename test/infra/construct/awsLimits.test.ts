import { describe, expect, it } from 'vitest';
import { functionEnvironment } from '../../../infra/construct/environment.ts';
import { appsForTests, only, synthesize } from './stacks.ts';

appsForTests();

const secret = (n: number): string => n.toString(16).padStart(64, '0');

describe("a function's variables", () => {
  it('that Lambda would refuse fail the synth, and name the property', () => {
    const secretsSha256 = Array.from({ length: 80 }, (_, n) => secret(n));
    expect(() => synthesize({ hooks: { secretsSha256 } })).toThrow(
      /^hooks: is too long by \d+ bytes. It takes 5\d\d\d of the 4096 bytes/,
    );
  });

  it('count in bytes, up to the last one', () => {
    const spec = { name: 'f', environment: { STREAM_HOOKS: 'streamHooks' } } as const;
    const withHooks = (streamHooks: string) => functionEnvironment(spec, { streamHooks } as never);
    const room = 4_096 - 256 - 'STREAM_HOOKS'.length;
    expect(withHooks('x'.repeat(room))).toHaveProperty('STREAM_HOOKS');
    expect(() => withHooks('x'.repeat(room + 1))).toThrow('hooks: is too long by 1 bytes');
    expect(() => withHooks('ж'.repeat(room / 2 + 1))).toThrow('hooks: is too long');
  });
});

describe('routes without an authorizer', () => {
  interface Stage {
    readonly RouteSettings?: Readonly<Record<string, { readonly ThrottlingRateLimit: number }>>;
    readonly DefaultRouteSettings: { readonly ThrottlingRateLimit: number };
  }
  const stageOf = (props: Parameters<typeof synthesize>[0]) =>
    only<Stage>(synthesize(props), 'AWS::ApiGatewayV2::Stage').properties;

  const pathsOf = (settings: Stage['RouteSettings'] = {}) =>
    [...new Set(Object.keys(settings).map((key) => key.split(' ')[1]))].sort();

  it('have limits of their own, below that of all others', () => {
    const { RouteSettings = {}, DefaultRouteSettings } = stageOf({ hooks: { secretsSha256: [secret(1)] } });
    expect(pathsOf(RouteSettings)).toEqual([
      '/files/{token}/{file}',
      '/hooks/{secret}/wcs/{wcsHook}',
      '/hooks/{secret}/{server}',
      '/play/{token}/{file}',
    ]);
    for (const { ThrottlingRateLimit } of Object.values(RouteSettings)) {
      expect(ThrottlingRateLimit).toBeLessThan(DefaultRouteSettings.ThrottlingRateLimit);
    }
  });

  it('are those of links alone where there are no hooks', () => {
    expect(pathsOf(stageOf({}).RouteSettings)).toEqual(['/files/{token}/{file}', '/play/{token}/{file}']);
  });
});
