import type { RecordingSummary } from '../../typescript/client.ts';

/** What is recorded at present, else the first second; nothing where there is no picture. The name stands beside it. */
export function Poster({ pictures }: { readonly pictures: RecordingSummary['pictures'] | undefined }) {
  const picture = pictures?.latest ?? pictures?.poster;
  return picture === undefined ? null : <img class="poster" src={picture.url} alt="" loading="lazy" />;
}
