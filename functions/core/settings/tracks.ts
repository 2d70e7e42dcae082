import * as z from 'zod/mini';
import { RecorderError } from '../api/errors.ts';

/** ISO 639 (`de`, `ger`, `deu` are one), as HLS, MPEG-TS, MP4 and Matroska have them. */
const language = z.string().check(z.regex(/^[A-Za-z]{2,3}$/, 'must be a language of two or three letters'));
const LANGUAGES_MAX = 16;

/** All tracks of a kind, none, or those of these languages. */
const choice = z.union([z.boolean(), z.array(language).check(z.minLength(1), z.maxLength(LANGUAGES_MAX))]);

/** Which of a source's tracks are recorded. */
export const tracksSchema = z.strictObject({
  video: z.boolean(),
  audio: choice,
  subtitles: choice,
  /** Timed metadata: ID3, SCTE-35, KLV. */
  data: z.boolean(),
});
export type TrackSettings = z.infer<typeof tracksSchema>;

export const ALL_TRACKS: TrackSettings = { video: true, audio: true, subtitles: true, data: true };

/** @throws RecorderError invalid_request on `tracks`: there would be nothing to record */
export function checkTracks({ video, audio }: TrackSettings): void {
  if (video || audio !== false) return;
  throw new RecorderError(
    'invalid_request',
    'tracks must have video or audio: a recording of neither is empty',
    {
      field: 'tracks',
    },
  );
}

/** The same text for each code of a language; undefined where none is told. */
export function canonicalLanguage(code: string | undefined): string | undefined {
  if (code === undefined || !/^[A-Za-z]{2,3}$/.test(code)) return undefined;
  const [canonical] = Intl.getCanonicalLocales(code);
  return canonical === 'und' ? undefined : canonical;
}
