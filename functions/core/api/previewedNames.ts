import type * as z from 'zod/mini';
import { type NamePreview, previewName } from '../names/index.ts';
import type { RecordingLimits } from '../settings/limits.ts';
import type { RecordingSettings } from '../settings/settings.ts';
import { namedByStart, settingsOf } from './recordingConfig.ts';
import type { previewNameBody } from './schemas.ts';

/**
 * The names that a record would get, and what was changed in them: by the deployment's rules for the start that is asked
 * about, the caller's `config`, and what is beside it, which goes before.
 * @throws RecorderError invalid_request, as a start does
 */
export function previewedNames(
  body: z.infer<typeof previewNameBody>,
  defaults: RecordingSettings,
  limits: RecordingLimits,
): NamePreview {
  const { start, config, policy, fileTemplate, libraryKeyTemplate, encoding, format, ...values } = body;
  const ofStart = start === 'startRecording' ? defaults : namedByStart(defaults);
  const rules = {
    ...settingsOf(config ?? {}, ofStart, limits).names,
    // A template that is asked for is meant to be used, whatever the deployment's policy.
    ...(fileTemplate === undefined ? {} : { fileTemplate, policy: 'template' as const }),
    ...(policy === undefined ? {} : { policy }),
    ...(libraryKeyTemplate === undefined ? {} : { libraryKeyTemplate }),
    ...(encoding === undefined ? {} : { encoding }),
  };
  const extension = format === undefined ? {} : { extension: format };
  return previewName({ ...values, rules, ...extension });
}
