import { readLinkKey } from '../aws/linkKey.ts';
import type { RecordLink, RecordLinks } from '../core/api/views.ts';
import { fileOfToken, fileToken, type LinkedFile } from '../core/links/fileToken.ts';
import type { RecordingObjects } from '../core/state/fold.ts';
import type { MovedPart } from '../core/state/partObjects.ts';

const LASTS_MS = 3_600_000;

/**
 * Makes a link to one file.
 * @param keptMs it is the same for so long: whoever asks again and again, such as a page, does not load the same picture
 * each time. It is good for what is left of its hour.
 */
export type LinkTo = (file: LinkedFile, keptMs?: number) => RecordLink;

/**
 * Links to files: addresses of the API's own, each of which leads to S3 when it is followed. What S3 itself is asked
 * with ends with the session of the function that signed it, and nobody knows when that is
 * (docs/decisions/download-links.md).
 */
export class FileLinks {
  readonly #secretArn: string;

  /** @param secretArn of a secret that is `{"key"}` */
  constructor(secretArn: string) {
    this.#secretArn = secretArn;
  }

  /** @param origin of the API, as the caller reached it */
  async from(origin: string, nowMs: number): Promise<LinkTo> {
    const key = await readLinkKey(this.#secretArn);
    return (file, keptMs = 1) => {
      const expiresAtMs = Math.floor(nowMs / keptMs) * keptMs + LASTS_MS;
      // Its name is for whoever saves by the address; what the link is for is in the token alone.
      const name = encodeURIComponent(file.key.split('/').at(-1) ?? '');
      return {
        url: `${origin}/files/${fileToken(file, expiresAtMs, key)}/${name}`,
        expiresInSeconds: Math.floor((expiresAtMs - nowMs) / 1000),
      };
    };
  }

  /** What a link is for, and its end; undefined for one that is not ours, or past its time. */
  async read(token: string, nowMs: number): Promise<ReturnType<typeof fileOfToken>> {
    return fileOfToken(token, await readLinkKey(this.#secretArn), nowMs);
  }
}

/**
 * Links to parts that are in the library.
 * @param parts all of them by default
 */
export function linkParts(
  linkTo: LinkTo,
  objects: RecordingObjects,
  parts: Iterable<number> = objects.parts.keys(),
): Map<number, RecordLinks> {
  const links = new Map<number, RecordLinks>();
  for (const part of parts) {
    const moved = objects.parts.get(part)?.moved;
    if (moved !== undefined) links.set(part, linkRecord(linkTo, moved));
  }
  return links;
}

/** Links to one object in the library. */
export function linkRecord(
  linkTo: LinkTo,
  { bucket, key, versionId }: Pick<MovedPart, 'bucket' | 'key' | 'versionId'>,
): RecordLinks {
  const link = (as: 'attachment' | 'inline') => {
    const { url, expiresInSeconds } = linkTo({ as, bucket, key, versionId });
    return { url, headUrl: url, expiresInSeconds };
  };
  return { download: link('attachment'), play: link('inline') };
}
