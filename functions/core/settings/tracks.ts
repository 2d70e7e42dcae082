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

/** Codes of ISO 639-2 that are not what MP4 has for the language (its terminological ones). */
const BIBLIOGRAPHIC: ReadonlySet<string> = new Set(
  'alb arm baq bur chi cze dut fre geo ger gre ice mac mao may per rum slo tib wel'.split(' '),
);
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];
const threeLetters = new Map<string, string | undefined>();

/** The three letters of a language as containers have it, of `de` or `de-CH` as HLS has it; undefined where there are none. */
export function containerLanguage(tag: string | undefined): string | undefined {
  const primary = tag?.split('-')[0]?.toLowerCase();
  if (primary === undefined || !/^[a-z]{2,3}$/.test(primary) || primary === 'und') return undefined;
  if (primary.length === 3) return primary;
  if (!threeLetters.has(primary)) threeLetters.set(primary, codeOf(primary));
  return threeLetters.get(primary);
}

/** The runtime knows which language each code of three letters is, and not the other way. */
function codeOf(primary: string): string | undefined {
  for (const first of LETTERS) {
    for (const second of LETTERS) {
      for (const third of LETTERS) {
        const code = first + second + third;
        if (!BIBLIOGRAPHIC.has(code) && canonicalLanguage(code) === primary) return code;
      }
    }
  }
  return undefined;
}
