/** A time in the reader's own zone, with UTC on hover. */
export function Time({ iso }: { readonly iso: string }) {
  const at = new Date(iso);
  return (
    <time dateTime={iso} title={`${at.toISOString()} (UTC)`}>
      {at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })}
    </time>
  );
}
