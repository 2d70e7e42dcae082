const WRITTEN_OR_PLAYED = 'input, select, textarea, video, media-controller';

/** Whether a key is one of ours: without a modifier, and where nothing is written or played. */
export function isOurKey(event: KeyboardEvent): boolean {
  const { ctrlKey, metaKey, altKey, repeat, target } = event;
  if (ctrlKey || metaKey || altKey || repeat) return false;
  return !(target instanceof Element) || target.closest(WRITTEN_OR_PLAYED) === null;
}

/** One of so many comes next, the first where there was none; it stays at both ends. */
export function stepped(at: number, key: string, count: number): number {
  const step = key === 'j' ? 1 : key === 'k' ? -1 : 0;
  return step === 0 ? at : Math.min(Math.max(at + step, 0), count - 1);
}
