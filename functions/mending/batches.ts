/**
 * So many at a time, each batch after the one before. One that fails keeps no other from its turn.
 * @param onFault told of each that failed
 */
export async function inBatches<T>(
  items: readonly T[],
  atOnce: number,
  run: (item: T) => Promise<void>,
  onFault: (error: unknown, item: T) => void,
): Promise<void> {
  for (let at = 0; at < items.length; at += atOnce) {
    const batch = items.slice(at, at + atOnce);
    await Promise.all(batch.map((item) => run(item).catch((error: unknown) => onFault(error, item))));
  }
}
