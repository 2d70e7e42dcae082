import type { DataCodec, DataSource } from '../tracks/timedData.ts';

/** A stream of timed metadata or subtitles. */
export interface DataStream extends DataSource {
  readonly pid: number;
}

/** What a programme map says of it; `type` is the stream's. */
export interface DataTable {
  readonly type: number;
  readonly ofProgram: Buffer;
  readonly ofStream: Buffer;
}

const REGISTRATION = 0x05;
const METADATA_POINTER = 0x25;
const METADATA = 0x26;
const TELETEXT = 0x56;
const SUBTITLING = 0x59;
const PRIVATE_DATA = 0x06;
const NOTHING = Buffer.alloc(0);
const UNKNOWN_LANGUAGE = 'und';
const PAGES_MAX = 16;
/** Both pages are the first one; without a shape of the monitor that it is for. */
const SUBTITLING_PAGE = Buffer.from([0, 1, 0, 1, 0x10]);
/** The first page of the first magazine. */
const TELETEXT_PAGE = Buffer.from([0x09, 0]);
/** Around the segments of subtitles (ETSI EN 300 743, 7). */
const SUBTITLES_BEGIN = Buffer.from([0x20, 0]);
const SUBTITLES_END = Buffer.from([0xff]);
const ID3 = Buffer.from('ID3');
/** Debian's ffmpeg takes what a tag begins with for a header around it, and leaves it out. */
const ID3_VERSION = Buffer.from([4, 0]);

export function descriptor(tag: number, ...body: readonly (string | number | Buffer)[]): Buffer {
  const bytes = Buffer.concat(
    body.map((one) =>
      typeof one === 'number'
        ? Buffer.from([one])
        : typeof one === 'string'
          ? Buffer.from(one, 'latin1')
          : one,
    ),
  );
  return Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
}

const CUES = descriptor(REGISTRATION, 'CUEI');
const ID3_POINTER = descriptor(METADATA_POINTER, 0xff, 0xff, 'ID3 ', 0xff, 'ID3 ', 0, 0x1f, 0, 1);
const ID3_METADATA = descriptor(METADATA, 0xff, 0xff, 'ID3 ', 0xff, 'ID3 ', 0, 0x0f);
const PRIVATE = { type: PRIVATE_DATA, ofProgram: NOTHING };

/**
 * Splices as SCTE 35 (8.1) has them; ID3 as Apple's "Timed Metadata for HTTP Live Streaming" (2.3); KLV as asynchronous
 * metadata of MISB ST 1402, which have no header around them; subtitles as ETSI EN 300 468 (6.2.41, 6.2.43).
 */
const TABLES: Readonly<Record<DataCodec, (stream: DataStream) => DataTable>> = {
  scte_35: () => ({ type: 0x86, ofProgram: CUES, ofStream: CUES }),
  timed_id3: () => ({ type: 0x15, ofProgram: ID3_POINTER, ofStream: ID3_METADATA }),
  klv: () => ({ ...PRIVATE, ofStream: descriptor(REGISTRATION, 'KLVA') }),
  dvb_subtitle: (stream) => ({ ...PRIVATE, ofStream: descriptor(SUBTITLING, ...subtitlingPages(stream)) }),
  dvb_teletext: (stream) => ({ ...PRIVATE, ofStream: descriptor(TELETEXT, ...teletextPages(stream)) }),
};

export const tableOf = (stream: DataStream): DataTable => TABLES[stream.codec](stream);

/** Of each language its type, and two page numbers, which ffmpeg has in front of that. */
function subtitlingPages(stream: DataStream): (string | Buffer)[] {
  return pagesOf(stream, SUBTITLING_PAGE).flatMap(([language, page]) => [
    language,
    page.subarray(4),
    page.subarray(0, 4),
  ]);
}

const teletextPages = (stream: DataStream): (string | Buffer)[] => pagesOf(stream, TELETEXT_PAGE).flat();

/** @param usual where the source does not say which page it is */
function pagesOf(
  { language = UNKNOWN_LANGUAGE, configuration }: DataStream,
  usual: Buffer,
): [string, Buffer][] {
  const pages = configuration ?? NOTHING;
  return language
    .split(',')
    .filter((one) => /^[a-z]{3}$/i.test(one))
    .slice(0, PAGES_MAX)
    .map((one, place) => {
      const page = pages.subarray(place * usual.length, (place + 1) * usual.length);
      return [one, page.length === usual.length ? page : usual];
    });
}

/** @param data as ffmpeg's demuxer gives it, which leaves out what is around some. */
export function payloadOf(codec: DataCodec, data: Buffer): Buffer {
  if (codec === 'dvb_subtitle') return Buffer.concat([SUBTITLES_BEGIN, data, SUBTITLES_END]);
  const isCut = codec === 'timed_id3' && !data.subarray(0, ID3.length).equals(ID3);
  return isCut ? Buffer.concat([ID3, ID3_VERSION, data]) : data;
}
