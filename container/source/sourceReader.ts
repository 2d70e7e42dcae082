import type { Logger } from '@aws-lambda-powertools/logger';
import type { PacketFormat } from '../../functions/core/media/tracks/joining.ts';
import type { EncodingPlan } from '../../functions/core/settings/formats.ts';
import type { FoundSource } from '../../functions/core/settings/selectTracks.ts';
import { Complaints, levelAndText } from './complaints.ts';
import type { Demuxer, StreamFeed } from './demuxer.ts';
import { Ffmpeg } from './ffmpeg.ts';
import type { Claimed } from './finiteness.ts';
import type { Input } from './inputOptions.ts';
import { InputStreams } from './inputStreams.ts';
import { FlvDemuxer } from './live/flvDemuxer.ts';
import type { SourceAccess } from './reach/sourceAccess.ts';
import type { SoundJumps } from './soundJumps.ts';

/** What reads a source, and what it says of it. */
export interface SourceReader {
  readonly demuxer: Demuxer;
  readonly packets: PacketFormat;
  /** What it has found, before it gives anything; undefined: it has ended, and nobody knows. */
  readonly found: Promise<FoundSource | undefined>;
  readonly claimed: Claimed;
  readonly complaints: Complaints;
  /** It ends because a track has begun that it did not know of. */
  readonly hasNewTrack: boolean;
  /** Only ffmpeg can read it: nothing was given. */
  readonly needsFfmpeg: boolean;
}

export interface SourceReaderOptions {
  readonly ffmpegPath: string;
  /** With the source's own URL, whose secrets no log may have. */
  readonly input: Input;
  readonly access: SourceAccess;
  readonly plan: EncodingPlan;
  /** Reads which jumps of the source's clock are taken out of sound that is encoded. */
  readonly soundJumps: SoundJumps;
  /** When a track begins that ffmpeg did not know of when it began, it is to end: the source is joined again, for both. */
  readonly endsForNewTracks: boolean;
  readonly log: Logger;
}

/** What ffmpeg finds after it has begun is not among what it was told to write, nor is what it waits for. */
const NEW_TRACK = /^(?:New (?:video|audio) stream \d+:\d+ at pos|Output #\d+, rawvideo, to )/;

/** Reads the source by the recorder's own means, where it can, or by ffmpeg. */
export const readSource = (options: SourceReaderOptions): Promise<SourceReader> | SourceReader =>
  options.access.feed === undefined ? readByFfmpeg(options) : readFlv(options.access.feed, options);

function readFlv(feed: StreamFeed, { input, log }: SourceReaderOptions): SourceReader {
  const known = Promise.withResolvers<FoundSource | undefined>();
  const demuxer = new FlvDemuxer(feed, known.resolve);
  const tellEnd = (): void => known.resolve(undefined);
  demuxer.exited.then(tellEnd, tellEnd);
  return {
    demuxer,
    packets: 'flv',
    found: known.promise,
    claimed: demuxer,
    complaints: new Complaints(input.url, log),
    hasNewTrack: false,
    get needsFfmpeg() {
      return demuxer.needsFfmpeg;
    },
  };
}

async function readByFfmpeg(options: SourceReaderOptions): Promise<SourceReader> {
  const { input, access, plan, soundJumps, log } = options;
  const complaints = new Complaints(input.url, log);
  const streams = new InputStreams(access);
  const sounds = plan.maps.filter((map) => map.includes(':a:')).length;
  const known = Promise.withResolvers<FoundSource | undefined>();
  let hasNewTrack = false;
  const demuxer = await Ffmpeg.start({
    path: options.ffmpegPath,
    input,
    access,
    plan,
    onLine: (line) => {
      const [level, text] = levelAndText(line);
      // Of several sounds nobody knows whose jump it is.
      if (sounds === 1 && soundJumps.readLine(text)) return;
      const found = streams.read(text);
      if (found !== undefined) known.resolve(found);
      if (options.endsForNewTracks && NEW_TRACK.test(text) && !hasNewTrack) {
        hasNewTrack = true;
        log.info('a track has begun that was not there before: ffmpeg begins again');
        demuxer.stop();
      }
      if (level === 'info') return;
      if (!/^\s*Last message repeated /.test(text)) complaints.add(level, text);
    },
  });
  // ffmpeg 7.1 does not say that its list is complete when it cannot open its output.
  void demuxer.exited.catch(() => undefined).then(() => known.resolve(streams.listed));
  return {
    demuxer,
    packets: 'nut',
    found: known.promise,
    claimed: streams,
    complaints,
    get hasNewTrack() {
      return hasNewTrack;
    },
    needsFfmpeg: false,
  };
}
