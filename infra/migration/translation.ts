import type { HookSettingsInput } from '../../functions/core/hooks/settings.ts';
import type { SettingsOverrides } from '../../functions/core/settings/settings.ts';

export type HookFields = Pick<HookSettingsInput, 'recordStreams' | 'recordKinds'>;

/** What a property's value becomes. */
export interface Translation {
  readonly settings?: SettingsOverrides;
  readonly hooks?: HookFields;
  readonly onRecordScript?: string;
  /** In words, for the table. */
  readonly becomes: string;
  /** What a person must look at, because nothing here does the same. */
  readonly attention?: string;
}

/** A property of WCS: what it does there, what does the same here. */
export interface WcsProperty {
  readonly name: string;
  /** For people; Markdown. */
  readonly does: string;
  readonly becomes: string;
  readonly translate: (value: string) => Translation;
}

/** For properties that are `true` or `false`. */
export function yesOrNo(translate: (on: boolean) => Translation): (value: string) => Translation {
  return (value) => {
    const word = value.toLowerCase();
    if (word === 'true' || word === 'false') return translate(word === 'true');
    return { becomes: 'nothing', attention: 'it is neither true nor false' };
  };
}

/** For the switches that record all streams of a kind; WCS has them off by default. */
export function kindSwitch(kind: 'rtmp' | 'rtsp' | 'mixer'): (value: string) => Translation {
  return yesOrNo((on) =>
    on
      ? { hooks: { recordKinds: { [kind]: 'always' } }, becomes: `hooks.recordKinds.${kind}: always` }
      : { becomes: 'nothing: such streams are recorded when it is asked for' },
  );
}
