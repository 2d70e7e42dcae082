import { parseInput } from '../../functions/core/api/validation.ts';
import {
  DEFAULT_SETTINGS,
  mergeSettings,
  type RecordingSettings,
  type SettingsOverrides,
  settingsOverridesSchema,
} from '../../functions/core/settings/settings.ts';

/**
 * The settings that a deployment's recordings begin with, checked at synth: what every start would fail on fails the
 * deployment instead.
 * @throws Error naming the setting; for a template its name, the position and what is wrong there
 */
export function checkedRecordingDefaults(overrides: SettingsOverrides): RecordingSettings {
  const checked = parseInput(settingsOverridesSchema, overrides, 'recordingDefaults');
  try {
    return mergeSettings(DEFAULT_SETTINGS, checked);
  } catch (error) {
    throw new Error(`recordingDefaults: ${(error as Error).message}`, { cause: error });
  }
}
