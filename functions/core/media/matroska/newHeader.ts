import type { TrackDescription } from '../tracks/sample.ts';
import { type ContainerFormat, MediaError } from '../types.ts';
import { bitmapHeader, codecPrivate, delaySeconds } from './codecPrivate.ts';
import { element, elementsIn, floatElement, ID, uintElement } from './ebml.ts';
import { type MatroskaHeader, parseHeader } from './header.ts';

const CODEC_IDS: Readonly<Record<string, string>> = {
  h264: 'V_MPEG4/ISO/AVC',
  hevc: 'V_MPEGH/ISO/HEVC',
  av1: 'V_AV1',
  vp8: 'V_VP8',
  vp9: 'V_VP9',
  mpeg4: 'V_MPEG4/ISO/ASP',
  mpeg1video: 'V_MPEG1',
  mpeg2video: 'V_MPEG2',
  mjpeg: 'V_MJPEG',
  theora: 'V_THEORA',
  aac: 'A_AAC',
  opus: 'A_OPUS',
  vorbis: 'A_VORBIS',
  mp3: 'A_MPEG/L3',
  flac: 'A_FLAC',
  pcm_s16le: 'A_PCM/INT/LIT',
  pcm_s24le: 'A_PCM/INT/LIT',
  pcm_f32le: 'A_PCM/FLOAT/IEEE',
};
/** Older codecs, by AVI's four letters. */
const BY_TAG = 'V_MS/VFW/FOURCC';
const BIT_DEPTHS: Readonly<Record<string, number>> = { pcm_s16le: 16, pcm_s24le: 24, pcm_f32le: 32 };
const MILLISECOND_NS = 1_000_000;
/** What a decoder of Opus needs before what is heard (RFC 7845). */
const OPUS_PRE_ROLL_NS = 80 * MILLISECOND_NS;
const APP = 'stream-recorder';

/**
 * What stands before the clusters of these tracks.
 * @param descriptions by track number
 * @throws MediaError a codec that Matroska does not carry here
 */
export function newHeader(
  descriptions: ReadonlyMap<number, TrackDescription>,
  format: ContainerFormat,
): MatroskaHeader {
  const ebml = element(
    ID.ebml,
    uintElement(ID.ebmlVersion, 1),
    uintElement(ID.ebmlReadVersion, 1),
    uintElement(ID.ebmlMaxIdLength, 4),
    uintElement(ID.ebmlMaxSizeLength, 8),
    textElement(ID.docType, format === 'webm' ? 'webm' : 'matroska'),
    uintElement(ID.docTypeVersion, 4),
    uintElement(ID.docTypeReadVersion, 2),
  );
  const info = element(
    ID.info,
    uintElement(ID.timestampScale, MILLISECOND_NS),
    textElement(ID.muxingApp, APP),
    textElement(ID.writingApp, APP),
  );
  const tracks = element(ID.tracks, ...[...descriptions].map(([number, one]) => trackEntry(number, one)));
  return parseHeader(ebml, elementsIn(Buffer.concat([info, tracks])));
}

function trackEntry(number: number, description: TrackDescription): Buffer {
  const { info } = description;
  const codecId = CODEC_IDS[info.codec] ?? (info.kind === 'video' ? BY_TAG : undefined);
  if (codecId === undefined) throw new MediaError(`Matroska does not carry ${info.codec} here`);
  const configuration = codecId === BY_TAG ? bitmapHeader(description) : codecPrivate(description);
  const delayNs = Math.round(delaySeconds(description) * 1e9);
  return element(
    ID.trackEntry,
    uintElement(ID.trackNumber, number),
    uintElement(ID.trackUid, number),
    uintElement(ID.flagLacing, 0),
    textElement(ID.language, /^[a-z]{3}$/.test(info.language ?? '') ? (info.language ?? '') : 'und'),
    textElement(ID.codecId, codecId),
    uintElement(ID.trackType, info.kind === 'video' ? 1 : 2),
    ...(delayNs === 0 ? [] : [uintElement(ID.codecDelay, delayNs)]),
    ...(info.codec === 'opus' ? [uintElement(ID.seekPreRoll, OPUS_PRE_ROLL_NS)] : []),
    info.kind === 'video' ? video(description) : audio(description),
    ...(configuration.length === 0 ? [] : [element(ID.codecPrivate, configuration)]),
  );
}

/** DisplayWidth and DisplayHeight are a ratio, in place of pixels. */
const ASPECT_RATIO = 3;

function video({ info, pixelWidth, pixelHeight }: TrackDescription): Buffer {
  const { width = 0, height = 0 } = info;
  const isSquare = pixelWidth === pixelHeight;
  const shownWidth = (width * pixelWidth) / pixelHeight;
  const isWhole = Number.isInteger(shownWidth);
  return element(
    ID.video,
    uintElement(ID.pixelWidth, width),
    uintElement(ID.pixelHeight, height),
    ...(isSquare
      ? []
      : [
          uintElement(ID.displayWidth, isWhole ? shownWidth : width * pixelWidth),
          uintElement(ID.displayHeight, isWhole ? height : height * pixelHeight),
        ]),
    ...(isWhole ? [] : [uintElement(ID.displayUnit, ASPECT_RATIO)]),
  );
}

function audio({ info }: TrackDescription): Buffer {
  const bits = BIT_DEPTHS[info.codec];
  return element(
    ID.audio,
    floatElement(ID.samplingFrequency, info.sampleRateHz ?? 0),
    uintElement(ID.channels, info.channels ?? 1),
    ...(bits === undefined ? [] : [uintElement(ID.bitDepth, bits)]),
  );
}

const textElement = (id: number, text: string): Buffer => element(id, Buffer.from(text, 'latin1'));
