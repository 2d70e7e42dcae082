import { crc32 } from 'node:zlib';
import type { Logger } from '@aws-lambda-powertools/logger';
import type { StateStore } from '../aws/stateStore.ts';
import { type PictureKind, pictureKeys } from '../core/names/pictureKey.ts';
import { decodeStoryboard, isJpeg, storyboardVtt } from '../core/pictures/storyboard.ts';
import { encodeMetadata } from '../core/relocation/metadata.ts';
import { posterKey, storyboardKey } from '../core/state/keys.ts';
import type { MovedPart, PlacedPicture, PlacedPictures } from '../core/state/partObjects.ts';
import { crc32ToBase64 } from '../core/upload/crc32.ts';
import type { LandedRecord } from './landedRecord.ts';
import type { Library } from './library.ts';

const JPEG = 'image/jpeg';
const VTT = 'text/vtt; charset=utf-8';

/**
 * Puts the pictures that a recorder made of a part beside its record. As with records nothing is overwritten, and each step
 * is safe to repeat. Their source stays in the state, as what a list shows of the recording.
 */
export class PicturePlacement {
  readonly #library: Library;
  readonly #store: StateStore;

  constructor(library: Library, store: StateStore) {
    this.#library = library;
    this.#store = store;
  }

  /** @returns the record with where its pictures lie; without what could not be written: it waits for none of them */
  async place(record: LandedRecord, moved: MovedPart, log: Logger): Promise<MovedPart> {
    const { poster, storyboard } = record.job.settings.pictures;
    // Side by side: the event that says where the record is waits for them.
    const placed = await Promise.all([
      poster ? this.#tryTo(() => this.#poster(record, moved), log) : {},
      storyboard ? this.#tryTo(() => this.#storyboard(record, moved, log), log) : {},
    ]);
    const pictures: PlacedPictures = { ...placed[0], ...placed[1] };
    return Object.keys(pictures).length === 0 ? moved : { ...moved, pictures };
  }

  async #tryTo<T extends object>(place: () => Promise<T>, log: Logger): Promise<Partial<T>> {
    try {
      return await place();
    } catch (error) {
      log.warn('a picture of a record could not be put beside it', error as Error);
      return {};
    }
  }

  async #poster({ job, open }: LandedRecord, { key }: MovedPart): Promise<PlacedPictures> {
    const image = await this.#store.readBytes(posterKey(job.recordingId, open.part));
    // What was taken over could write there; nothing but a picture is shown as one.
    if (image === undefined || !isJpeg(image)) return {};
    return { poster: await this.#put({ job, open }, key, 'poster', image) };
  }

  async #storyboard(
    { job, open, final }: LandedRecord,
    { key, durationMs }: MovedPart,
    log: Logger,
  ): Promise<PlacedPictures> {
    const bytes = await this.#store.readBytes(storyboardKey(job.recordingId, open.part));
    if (bytes === undefined) return {};
    const { layout, sprite } = decodeStoryboard(bytes);
    const placed = await this.#put({ job, open }, key, 'sprite', sprite);
    const image = encodeURIComponent(placed.key.slice(placed.key.lastIndexOf('/') + 1));
    const scene = { layout, image, startMs: 0, durationMs: durationMs ?? final.durationMs };
    const list = async () => ({
      list: await this.#put({ job, open }, key, 'storyboard', Buffer.from(storyboardVtt([scene]))),
    });
    // The image is noted in any case, so that a deletion finds it; links make their lists of the layout.
    return { storyboard: { sprite: placed, layout, ...(await this.#tryTo(list, log)) } };
  }

  /** @throws Error both of its names are taken by other objects */
  async #put(
    { job, open }: Pick<LandedRecord, 'job' | 'open'>,
    recordKey: string,
    kind: PictureKind,
    body: Buffer,
  ): Promise<PlacedPicture> {
    const place = { recordingId: job.recordingId, part: open.part };
    // A class that is read hours after it was asked for is none for what is looked at first.
    const { StorageClass: _ofRecords, ...attributes } = this.#library.attributesOf({
      metadata: pictureMetadata(place, kind),
      contentType: kind === 'storyboard' ? VTT : JPEG,
      key: recordKey,
      tags: job.settings.tags,
    });
    const checksum = crc32ToBase64(crc32(body));
    for (const key of pictureKeys(recordKey, kind, place, job.settings.names)) {
      await this.#library.put(key, body, checksum, { ...attributes, ContentDisposition: 'inline' });
      const object = await this.#library.head(key);
      const { Metadata = {}, VersionId, ETag = '' } = object ?? {};
      if (Object.entries(pictureMetadata(place, kind)).every(([name, value]) => Metadata[name] === value))
        return { key, ...(VersionId === undefined ? {} : { versionId: VersionId }), etag: ETag };
    }
    throw new Error(`other objects have the names of a ${kind} beside ${recordKey}`);
  }
}

/** No record has a `picture`. */
function pictureMetadata(
  { recordingId, part }: { readonly recordingId: string; readonly part: number },
  kind: PictureKind,
): Record<string, string> {
  return encodeMetadata([
    ['recording-id', recordingId],
    ['picture', kind],
    ['of-part', String(part)],
  ]);
}
