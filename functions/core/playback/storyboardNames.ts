/** Names beside a playlist: small pictures of all of a recording, or of one part, and a part's image of them. */
export const STORYBOARD = 'storyboard.vtt';
export const partStoryboardName = (part: number): string => `storyboard-${part}.vtt`;
export const spriteName = (part: number): string => `storyboard-${part}.jpg`;

export interface StoryboardName {
  readonly kind: 'list' | 'sprite';
  /** Undefined: of the whole recording. */
  readonly part: number | undefined;
}

/** What a name means; undefined for one that is none of these. */
export function readStoryboardName(name: string): StoryboardName | undefined {
  if (name === STORYBOARD) return { kind: 'list', part: undefined };
  const [, digits, extension] = /^storyboard-([1-9]\d{0,6})\.(vtt|jpg)$/.exec(name) ?? [];
  if (digits === undefined) return undefined;
  return { kind: extension === 'vtt' ? 'list' : 'sprite', part: Number(digits) };
}
