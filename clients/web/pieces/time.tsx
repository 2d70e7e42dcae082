/** A time in the reader's own zone, with UTC on hover; `clock` without its day. */
export function Time({ iso, clock = false }: { readonly iso: string; readonly clock?: boolean }) {
  const at = new Date(iso);
  return (
    <time dateTime={iso} title={`${at.toISOString()} (UTC)`}>
      {clock
        ? at.toLocaleTimeString()
        : at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })}
    </time>
  );
}
