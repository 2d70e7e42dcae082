import type { HookSettingsInput } from '../../functions/core/hooks/settings.ts';
import {
  DEFAULT_SETTINGS,
  mergeSettings,
  type SettingsOverrides,
} from '../../functions/core/settings/settings.ts';
import { type BrokenLine, type Property, readProperties } from './properties.ts';
import type { HookFields } from './translation.ts';
import { WCS_PROPERTIES } from './wcsProperties.ts';

/** A recording property that was found. */
export interface MigratedProperty extends Property {
  readonly becomes: string;
  readonly attention?: string;
}

export interface Migration {
  /** What `RECORDING_DEFAULTS` and the construct's `recordingDefaults` take. */
  readonly recordingDefaults: SettingsOverrides;
  /** What `STREAM_HOOKS` and the construct's `hooks` take, without secrets and sources. */
  readonly hooks: HookFields;
  /** As WCS has it. */
  readonly onRecordScript?: string;
  /** In the order of the file. */
  readonly properties: readonly MigratedProperty[];
  readonly broken: readonly BrokenLine[];
  /** Properties that are no matter of recording. */
  readonly others: number;
}

/** What WCS calls its recording properties; those that are not known here are told, and not passed over. */
const RECORDING = /record|^mp4_container|^enable_empty_shift/i;

/** The settings that do here what a WCS server's flashphoner.properties does there. */
export function migrate(text: string): Migration {
  const { properties, broken } = readProperties(text);
  const counting = new Map(
    properties.flatMap((one) => (one.overriddenBy === undefined ? [[one.name, one] as const] : [])),
  );
  let recordingDefaults: SettingsOverrides = {};
  let hooks: HookSettingsInput = {};
  let onRecordScript: string | undefined;
  const said = new Map<string, { readonly becomes: string; readonly attention?: string }>();
  for (const { name, translate } of WCS_PROPERTIES) {
    const property = counting.get(name);
    if (property === undefined) continue;
    const { settings = {}, hooks: hookFields = {}, ...rest } = translate(property.value);
    said.set(name, rest);
    onRecordScript = rest.onRecordScript ?? onRecordScript;
    recordingDefaults = merged(recordingDefaults, settings);
    hooks = { ...hooks, ...hookFields, ...mergedKinds(hooks, hookFields) };
  }
  // What is printed is what the functions take.
  mergeSettings(DEFAULT_SETTINGS, recordingDefaults);
  const found = properties.flatMap((property) => describe(property, said.get(property.name)));
  return {
    recordingDefaults,
    hooks,
    ...(onRecordScript === undefined ? {} : { onRecordScript }),
    properties: found,
    broken,
    others: properties.length - found.length,
  };
}

function describe(
  property: Property,
  said: { readonly becomes: string; readonly attention?: string } | undefined,
): MigratedProperty[] {
  if (property.overriddenBy !== undefined && (said !== undefined || RECORDING.test(property.name))) {
    return [
      {
        ...property,
        becomes: 'nothing',
        attention: `line ${property.overriddenBy} sets it again, and counts`,
      },
    ];
  }
  if (said !== undefined) {
    const { becomes, attention } = said;
    return [{ ...property, becomes, ...(attention === undefined ? {} : { attention }) }];
  }
  if (!RECORDING.test(property.name)) return [];
  return [{ ...property, becomes: 'nothing', attention: "it is not known here: see WCS's manual" }];
}

function merged(base: SettingsOverrides, more: SettingsOverrides): SettingsOverrides {
  return {
    ...base,
    ...more,
    ...(base.names === undefined && more.names === undefined
      ? {}
      : { names: { ...base.names, ...more.names } }),
    ...(base.formats === undefined && more.formats === undefined
      ? {}
      : { formats: { ...base.formats, ...more.formats } }),
  };
}

function mergedKinds(base: HookFields, more: HookFields): HookFields {
  if (base.recordKinds === undefined && more.recordKinds === undefined) return {};
  return { recordKinds: { ...base.recordKinds, ...more.recordKinds } };
}
