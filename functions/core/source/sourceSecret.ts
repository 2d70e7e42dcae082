import { RecorderError } from '../api/errors.ts';
import { matchesPattern } from '../hooks/settings.ts';
import type { SourceRules } from './sourceRules.ts';
import { parseSource } from './sourceUrl.ts';

/**
 * Credentials of a source that are kept in Secrets Manager. State has the secret's name, and a URL with places in it,
 * `rtsp://{username}:{password}@camera.example/1`; the recorder alone puts the values there, in memory.
 */

const SECRET_NAME = /^[A-Za-z0-9/_+=.@-]{1,512}$/;
const PLACE = /\{(\w{1,64})\}/g;

/**
 * Checks a reference before anything is started. Whether there is such a secret is seen by the recorder, which alone may
 * read it.
 * @throws RecorderError invalid_request on `sourceSecret` or `sourceUrl`
 */
export function checkSourceSecret(
  { sourceUrl, sourceSecret }: { readonly sourceUrl?: string | undefined; readonly sourceSecret?: string },
  { secrets = [] }: SourceRules,
): void {
  if (sourceSecret === undefined) return;
  const refuse = (field: string, rule: string): RecorderError =>
    new RecorderError('invalid_request', `${field} ${rule}.`, { field });
  if (!SECRET_NAME.test(sourceSecret)) {
    throw refuse('sourceSecret', 'must be the name of a secret of Secrets Manager, such as cameras/lobby');
  }
  if (!secrets.some((pattern) => matchesPattern(sourceSecret, pattern))) {
    const known = secrets.length === 0 ? 'it has none' : `it has ${secrets.join(', ')}`;
    throw refuse('sourceSecret', `is no secret that this deployment may read: see sourceSecrets; ${known}`);
  }
  if (sourceUrl === undefined) throw refuse('sourceSecret', 'goes with sourceUrl');
  if (sourceUrl.search(PLACE) < 0) {
    throw refuse(
      'sourceUrl',
      "must say where the secret's values go, such as rtsp://{username}:{password}@camera.example/1",
    );
  }
}

/**
 * Whether a secret's values may go to the URL's host. A secret that has a `host` is for that one alone: whoever may ask for
 * recordings could have the values of any other sent to a host of his own.
 */
export function isMeantFor(url: string, { host }: { readonly host?: string | undefined }): boolean {
  return host === undefined || parseSource(url, 'sourceUrl').host.toLowerCase() === host.toLowerCase();
}

/**
 * The URL with the secret's values, percent-encoded.
 * @returns undefined for a value that the secret does not have
 */
export function filledUrl(url: string, values: Readonly<Record<string, string>>): string | undefined {
  const names = [...url.matchAll(PLACE)].map(([, name = '']) => name);
  if (names.some((name) => !Object.hasOwn(values, name))) return undefined;
  return url.replaceAll(PLACE, (_whole, name: string) => encodeURIComponent(values[name] ?? ''));
}
