import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import type { Plugin } from 'esbuild';

/** What makes a function's bundle smaller and its cold start shorter: docs/decisions/cold-start.md. */

/**
 * Generated schemas of an SDK client have computed keys, `{ [_hH]: 'x-amz-acl' }`, which may have effects as far as esbuild
 * can know, so that it keeps all of them. With the keys written out it drops those of operations that nobody calls.
 */
export function withLiteralKeys(schemas: string): string {
  const texts = new Map(
    [...schemas.matchAll(/^const (\w+) = ("[^"\\\n]*");$/gm)].map(([, name = '', text = '']) => [name, text]),
  );
  return schemas.replaceAll(/\[(_\w+)\]:/g, (whole, name: string) => {
    const text = texts.get(name);
    return text === undefined ? whole : `${text}:`;
  });
}

export const slimSdk: Plugin = {
  name: 'slim-sdk',
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /[\\/]@aws-sdk[\\/]client-.*[\\/]schemas[\\/]schemas_\d+\.js$/ }, async ({ path }) => ({
      contents: withLiteralKeys(await readFile(path, 'utf8')),
    }));
    // A client wants its version, for the user agent.
    onLoad({ filter: /[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, 'utf8')) as { readonly version: string };
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
    // Reads a browser's user agent.
    onResolve({ filter: /^bowser$/ }, ({ path }) => ({ path, namespace: 'nothing' }));
    onLoad({ filter: /^/, namespace: 'nothing' }, () => ({ contents: 'export default {};' }));
  },
};

/**
 * Node's own modules by `require`. To an `import` Node hands a copy of all that a module exports, and so evaluates what is
 * made when it is first used: undici, for one, whose WebSocket `node:http` exports.
 */
export const builtinsByRequire: Plugin = {
  name: 'builtins-by-require',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^[a-z]/ }, ({ path, kind }) =>
      kind === 'require-call' || !isBuiltin(path)
        ? undefined
        : { path: path.replace(/^node:/, ''), namespace: 'builtin', sideEffects: false },
    );
    onLoad({ filter: /^/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(`node:${path}`)});`,
    }));
  },
};

/** Of recorders, which find credentials by the SDK's own chain. */
export const RECORDER_PLUGINS: readonly Plugin[] = [builtinsByRequire, slimSdk];
