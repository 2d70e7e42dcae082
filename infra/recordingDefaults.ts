import * as z from 'zod/mini';
import {
  DEFAULT_SETTINGS,
  mergeSettings,
  type RecordingSettings,
  type SettingsOverrides,
  settingsOverridesSchema,
} from '../functions/core/settings.ts';

/**
 * The settings that a deployment's recordings begin with, checked at synth: what every start would fail on fails the
 * deployment instead.
 * @throws Error naming the setting; for a template its name, the position and what is wrong there
 */
export function checkedRecordingDefaults(overrides: SettingsOverrides): RecordingSettings {
  const parsed = settingsOverridesSchema.safeParse(overrides);
  if (!parsed.success) throw new Error(`recordingDefaults: ${z.prettifyError(parsed.error)}`);
  try {
    return mergeSettings(DEFAULT_SETTINGS, parsed.data);
  } catch (error) {
    throw new Error(`recordingDefaults: ${(error as Error).message}`, { cause: error });
  }
}
