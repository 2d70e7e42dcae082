import type { JoinedContent } from '../timeline/recordedContent.ts';
import type { SentOrder } from '../timeline/sentOrder.ts';
import type { SourceTimeline } from '../timeline/sourceTimeline.ts';
import type { TakenOff } from '../timeline/takenOff.ts';
import type { TrackInfo } from '../types.ts';
import type { DataSource } from './timedData.ts';

/** What packets are read out of. */
export type PacketFormat = 'nut' | 'flv';

/** How what comes over a connection joins what was recorded before. */
export interface Joining {
  /** One for as long as the source's clock is the same. */
  readonly timeline: SourceTimeline;
  /** Of a source whose samples' times are known in the order in which they were sent. */
  readonly order?: SentOrder | undefined;
  /** Of a source that may send again what it has sent. */
  readonly content?: JoinedContent | undefined;
  /** What it sends again is the same, whatever the clock says. */
  readonly isSame?: boolean;
  /** When its first sample had come; undefined: when ffmpeg writes it. */
  readonly receivedAtMs?: number | undefined;
  /** Jumps that have been taken out of encoded sound; it grows. */
  readonly takenOff?: readonly TakenOff[] | undefined;
  /** So many does ffmpeg read at once, each as it likes; undefined: one. */
  readonly inputs?: number | undefined;
  /** What it begins with, by its own time, where it goes on with what was before and that is known. */
  readonly beginsMs?: number | undefined;
  /** What the outputs are written in: ffmpeg's NUT, if not said, or FLV that the source itself sends. */
  readonly packets?: PacketFormat | undefined;
  /** Tracks of the part that goes on with what comes, where it can; undefined: none has begun. */
  readonly goesOn?: readonly TrackInfo[] | undefined;
  /** Subtitles and timed metadata, which come in the first output, behind the tracks there. */
  readonly data?: readonly DataSource[];
}
