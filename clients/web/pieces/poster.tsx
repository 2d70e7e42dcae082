import type { RecordingSummary } from '../../typescript/client.ts';

/**
 * What is recorded at present, else the first second. The name stands beside it.
 * @param keepsPlace where there is no picture yet, so that nothing moves when it comes
 */
export function Poster({
  pictures,
  keepsPlace = false,
}: {
  readonly pictures: RecordingSummary['pictures'] | undefined;
  readonly keepsPlace?: boolean;
}) {
  const picture = pictures?.latest ?? pictures?.poster;
  if (picture !== undefined) return <img class="poster" src={picture.url} alt="" loading="lazy" />;
  return keepsPlace ? <div class="poster" /> : null;
}
