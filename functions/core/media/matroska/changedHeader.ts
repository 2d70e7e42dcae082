import { ifReadable } from '../ifReadable.ts';
import { changedParameters, haveSameSets, type VideoParameters } from '../nal/changedParameterSets.ts';
import { type Element, element, elementsIn, findElement, ID, readUint, uintElement } from './ebml.ts';
import { type MatroskaHeader, type MatroskaTrack, withTracks } from './header.ts';

/**
 * The header that describes this cluster: the one in force, or another where its first frame brings other video
 * parameters, which ffmpeg copies and does not write down.
 * @param frame of the keyframe that the cluster begins with
 */
export function currentHeader(header: MatroskaHeader, track: MatroskaTrack, frame: Buffer): MatroskaHeader {
  if (track.codecPrivate === undefined) return header;
  const parameters = changedParameters(track.info.codec, track.codecPrivate, frame);
  if (parameters === undefined) return header;
  return ifReadable(() => withTracks(header, rewritten(header, track, parameters))) ?? header;
}

/** Two tracks, of two runs of ffmpeg or before and after a change, whose frames one header describes. */
export function areAlike(one: MatroskaTrack, other: MatroskaTrack): boolean {
  if (one.setup.equals(other.setup)) return true;
  // A header of ours is not written as ffmpeg's is.
  return (
    one.plainSetup.equals(other.plainSetup) &&
    one.codecPrivate !== undefined &&
    other.codecPrivate !== undefined &&
    haveSameSets(one.info.codec, one.codecPrivate, other.codecPrivate)
  );
}

/** The Tracks element with other parameters of one track. */
function rewritten(header: MatroskaHeader, track: MatroskaTrack, parameters: VideoParameters): Buffer {
  const [tracks] = elementsIn(header.tracks);
  const entries = elementsIn(tracks?.data ?? Buffer.alloc(0)).filter(({ id }) => id !== ID.crc32);
  return element(
    ID.tracks,
    ...entries.map((entry) => {
      const inside = elementsIn(entry.data);
      const number = findElement(inside, ID.trackNumber);
      if (number === undefined || readUint(number.data) !== track.number) return entry.bytes;
      return element(ID.trackEntry, ...inside.map((one) => rewrittenField(one, parameters)));
    }),
  );
}

function rewrittenField(one: Element, { record, width, height }: VideoParameters): Buffer {
  if (one.id === ID.codecPrivate) return element(ID.codecPrivate, record);
  if (one.id !== ID.video) return one.bytes;
  const fields = elementsIn(one.data);
  const numberOf = (id: number): number => {
    const field = findElement(fields, id);
    return field === undefined ? 0 : readUint(field.data);
  };
  const [oldWidth, oldHeight] = [numberOf(ID.pixelWidth), numberOf(ID.pixelHeight)];
  const scaled = (id: number, now: number, before: number): Buffer =>
    uintElement(id, before === 0 ? now : Math.max(1, Math.round((numberOf(id) * now) / before)));
  return element(
    ID.video,
    ...fields
      .filter(({ id }) => !OF_OLD_PARAMETERS.has(id))
      .map((field) => {
        switch (field.id) {
          case ID.pixelWidth:
            return uintElement(ID.pixelWidth, width);
          case ID.pixelHeight:
            return uintElement(ID.pixelHeight, height);
          // The shape of a pixel is kept.
          case ID.displayWidth:
            return scaled(ID.displayWidth, width, oldWidth);
          case ID.displayHeight:
            return scaled(ID.displayHeight, height, oldHeight);
          default:
            return field.bytes;
        }
      }),
  );
}

/** Of the parameters as they were; players find them in the new ones. */
const OF_OLD_PARAMETERS: ReadonlySet<number> = new Set([
  ID.crc32,
  ID.colour,
  ID.pixelCropTop,
  ID.pixelCropBottom,
  ID.pixelCropLeft,
  ID.pixelCropRight,
]);
