import { crc32 } from 'node:zlib';
import type { Journal } from '../../container/upload/journal.ts';
import type { JournalTrack } from '../../container/upload/journalTrack.ts';
import { LivePlayback } from '../../container/upload/livePlayback.ts';
import type { PlayedFragment } from '../../functions/core/media/types.ts';

/** Of a fragment that is made up. */
export const FRAGMENT_BYTES = 200;
const FRAGMENT_MS = 1_000;
/** It is written when the test says so. */
const SETTINGS = { liveWindowMs: 3_600_000, maxLossMs: 60_000 };

/** A recording as its recorder writes it into the journal: the made-up fragments' bytes tell whose they are. */
export class Written {
  readonly recordingId: string;
  readonly track: JournalTrack;
  readonly live = LivePlayback.of({ ...SETTINGS, maxLossMs: 2_000 });
  readonly #fill: number;
  #media: Buffer = Buffer.alloc(0);

  constructor(journal: Journal, recordingId: string, fill: number, attempt = 1) {
    this.recordingId = recordingId;
    this.#fill = fill;
    const written = this;
    this.track = journal.track({
      file: { recordingId, attempt, file: 1 },
      maxLossMs: SETTINGS.maxLossMs,
      isRescued: async () => false,
      live: this.live,
      upload: {
        get bytes() {
          return written.#media.length;
        },
        prefixBytes: 0,
        keptFrom: (from) => ({ from, to: written.#media.length }),
        crc32: (from, to) => crc32(written.#media.subarray(from, to)),
        hold: async (from, to) => ({
          pieces: [written.#media.subarray(from, to)],
          release: () => undefined,
        }),
        taken: () => undefined,
      },
    });
  }

  /** One fragment more, at the end; one that is made up lasts a second. */
  add(bytes: Buffer = Buffer.alloc(FRAGMENT_BYTES, this.#fill), played = this.#madeUp()): void {
    this.#media = Buffer.concat([this.#media, bytes]);
    this.track.added(
      { durationMs: played.endMs, videoFrames: 1, atMs: Date.now() },
      { keyframe: played.keyframe, headBytes: 0, played },
    );
  }

  #madeUp(): PlayedFragment {
    const startMs = (this.#media.length / FRAGMENT_BYTES) * FRAGMENT_MS;
    return { startMs, endMs: startMs + FRAGMENT_MS, keyframe: true, bytes: FRAGMENT_BYTES };
  }
}
