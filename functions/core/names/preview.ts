import type { NameValues } from './elements.ts';
import { fileName, libraryKey } from './names.ts';
import type { NameResult } from './render.ts';
import { checkNameRules, DEFAULT_NAME_RULES, type NameRules } from './rules.ts';

/** What a dry run is asked: any of a record's values. What is not given stands as a sample. */
export interface PreviewInput extends Partial<NameValues> {
  readonly streamName: string;
  readonly rules?: Partial<NameRules>;
  /** Without the dot. */
  readonly extension?: string;
}

export interface NamePreview {
  /** While it is recorded: what is known only at the end stands as `{endTime}`. */
  readonly fileName: string;
  /** When it has been moved to the library. */
  readonly libraryKey: string;
  readonly trimmed: boolean;
  readonly encoded: boolean;
  readonly file: NameResult;
  readonly library: NameResult;
}

const SAMPLE_MEDIA_SESSION_ID = '4f112b20-13d0-11e7-b521-59a9cb7eddeb';
const SAMPLE_RECORDING_ID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const SAMPLE_START_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const SAMPLE_DURATION_MS = 60_000;

/**
 * The names a record would get, without recording. A part that is asked for by number is one of a rotated recording.
 * @throws NameTemplateError a template that cannot be used
 */
export function previewName(input: PreviewInput): NamePreview {
  const { rules: given, extension = 'mp4', ...values } = input;
  const rules = { ...DEFAULT_NAME_RULES, ...given };
  checkNameRules(rules);
  const startTimeMs = values.startTimeMs ?? values.recordingStartedAtMs ?? SAMPLE_START_MS;
  const durationMs = values.durationMs ?? SAMPLE_DURATION_MS;
  const all: NameValues = {
    mediaSessionId: SAMPLE_MEDIA_SESSION_ID,
    recordingId: SAMPLE_RECORDING_ID,
    part: 1,
    rotated: values.part !== undefined,
    recordingStartedAtMs: startTimeMs,
    startTimeMs,
    startTimeMillis: startTimeMs,
    endTimeMs: startTimeMs + durationMs,
    endTimeMillis: startTimeMs + durationMs,
    durationMs,
    ...values,
  };
  const file = fileName(all, rules, extension);
  const library = libraryKey(all, rules, file.name, extension);
  return {
    fileName: file.name,
    libraryKey: library.name,
    trimmed: file.trimmed || library.trimmed,
    encoded: file.encoded || library.encoded,
    file,
    library,
  };
}
