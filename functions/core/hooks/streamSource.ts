import * as z from 'zod/mini';
import { RecorderError } from '../api/errors.ts';
import { parseSource } from '../source/sourceUrl.ts';

/** Where a stream is fetched: its URL, and the secret that has the values for the places in it. */
export interface StreamSource {
  readonly sourceUrl: string;
  readonly sourceSecret?: string;
}

/** What a template knows of a stream. */
const OF_STREAM = /\{(streamName|app|mediaSessionId)\}/g;

const template = z.string().check(z.minLength(1), z.maxLength(2048));

/**
 * Where an application's streams are fetched. `{streamName}`, `{app}` and `{mediaSessionId}` stand for the stream's own;
 * other places are for values of the secret, where one is named. Publishers name streams: they have no say in the host
 * that such values go to.
 */
export const sourceTemplateSchema = z.union(
  [
    template,
    z.strictObject({
      sourceUrl: template.check(
        z.refine(
          isOfOneHost,
          "must be a URL whose host is written out, with the stream's own places ({streamName}, {app}, {mediaSessionId}) behind it",
        ),
        z.refine(
          (url) => /\{\w+\}/.test(url.replaceAll(OF_STREAM, '')),
          "must say where the secret's values go, such as rtsp://{username}:{password}@media.example/{streamName}",
        ),
      ),
      sourceSecret: z.string().check(z.minLength(1), z.maxLength(512)),
    }),
  ],
  'must be a template, or one with its secret: {"sourceUrl":"rtsp://{username}:{password}@media.example/{streamName}","sourceSecret":"media/reader"}',
);
type SourceTemplate = z.infer<typeof sourceTemplateSchema>;

function isOfOneHost(url: string): boolean {
  try {
    const { rest } = parseSource(url, 'sourceUrl');
    return url.slice(0, url.length - rest.length).search(OF_STREAM) < 0;
  } catch (error) {
    if (error instanceof RecorderError) return false;
    throw error;
  }
}

/**
 * The stream's source by its application's template; undefined where there is no template.
 * @param templates by application; `*` is for all others
 * @throws RecorderError invalid_request for a name that would leave its place in the URL
 */
export function templateSource(
  stream: { readonly name: string; readonly app?: string; readonly mediaSessionId: string },
  templates: Readonly<Record<string, SourceTemplate>>,
): StreamSource | undefined {
  const app = stream.app !== undefined && Object.hasOwn(templates, stream.app) ? stream.app : '*';
  const found = Object.hasOwn(templates, app) ? templates[app] : undefined;
  if (found === undefined) return undefined;
  const source = typeof found === 'string' ? { sourceUrl: found } : found;
  const values: Readonly<Record<string, string>> = {
    streamName: stream.name,
    app: stream.app ?? '',
    mediaSessionId: stream.mediaSessionId,
  };
  return {
    ...source,
    sourceUrl: source.sourceUrl.replaceAll(OF_STREAM, (_whole, element: string) =>
      encodePath(values[element] ?? ''),
    ),
  };
}

/** Folders in a name stay folders; everything else that means something in a URL, or to a secret, is encoded. */
function encodePath(text: string): string {
  const pieces = text.toWellFormed().split('/');
  if (pieces.some((piece) => piece === '.' || piece === '..')) {
    throw new RecorderError('invalid_request', 'name must have no folder . or ..', { field: 'name' });
  }
  return pieces.map(encodeURIComponent).join('/');
}
