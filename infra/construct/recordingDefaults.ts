import { parseInput } from '../../functions/core/api/validation.ts';
import {
  type HookSettings,
  type HookSettingsInput,
  hookSettingsSchema,
} from '../../functions/core/hooks/settings.ts';
import {
  checkDuration,
  type RecordingLimits,
  type RecordingLimitsInput,
  recordingLimitsSchema,
} from '../../functions/core/settings/limits.ts';
import {
  DEFAULT_SETTINGS,
  mergeSettings,
  type RecordingSettings,
  type SettingsOverrides,
  settingsOverridesSchema,
} from '../../functions/core/settings/settings.ts';
import { type SourceRules, sourceRulesSchema } from '../../functions/core/source/sourceRules.ts';
import { checkSourceSecret } from '../../functions/core/source/sourceSecret.ts';

/**
 * The settings that a deployment's recordings begin with, checked at synth: what every start would fail on fails the
 * deployment instead.
 * @throws Error naming the setting; for a template its name, the position and what is wrong there
 */
export function checkedRecordingDefaults(
  overrides: SettingsOverrides,
  limits: RecordingLimits,
): RecordingSettings {
  const checked = parseInput(settingsOverridesSchema, overrides, 'recordingDefaults');
  try {
    const settings = mergeSettings(DEFAULT_SETTINGS, checked);
    checkDuration(settings, limits);
    return settings;
  } catch (error) {
    throw new Error(`recordingDefaults: ${(error as Error).message}`, { cause: error });
  }
}

/** What every start is told of the secrets that its source's credentials may be in. @throws Error naming the secret */
export function withSourceSecrets(
  overrides: SettingsOverrides,
  sourceSecrets: readonly string[] | undefined,
): SettingsOverrides {
  if (sourceSecrets === undefined) return overrides;
  if (overrides.sources?.secrets !== undefined) {
    throw new Error("recordingDefaults.sources.secrets: are said by sourceSecrets, such as ['cameras/*']");
  }
  const secrets = parseInput(sourceRulesSchema.shape.secrets, [...sourceSecrets], 'sourceSecrets');
  return { ...overrides, sources: { ...overrides.sources, ...(secrets === undefined ? {} : { secrets }) } };
}

/** @throws Error naming the limit */
export function checkedLimits(limits: RecordingLimitsInput): RecordingLimits {
  return parseInput(recordingLimitsSchema, limits, 'limits');
}

/** @throws Error naming the setting; for a secret that recorders may not read, the application whose source needs it */
export function checkedHooks(hooks: HookSettingsInput, rules: SourceRules): HookSettings {
  const settings = parseInput(hookSettingsSchema, hooks, 'hooks');
  for (const [app, source] of Object.entries(settings.sources)) {
    if (typeof source === 'string') continue;
    try {
      checkSourceSecret(source, rules);
    } catch (error) {
      throw new Error(`hooks.sources.${app}: ${(error as Error).message}`, { cause: error });
    }
  }
  return settings;
}
