import * as z from 'zod/mini';

const responseSchema = z.nullable(
  z.object({
    batchItemFailures: z.optional(z.nullable(z.array(z.object({ itemIdentifier: z.string() })))),
  }),
);

/**
 * Which messages of a batch come again ("Implementing partial batch responses" in Lambda's manual): the ones that are
 * named; none for an empty or absent list; all of them when the response is no such object, or names an empty or
 * unknown id.
 */
export function failedMessages(response: unknown, ids: readonly string[]): ReadonlySet<string> {
  const parsed = responseSchema.safeParse(response);
  if (!parsed.success) return new Set(ids);
  const failed = (parsed.data?.batchItemFailures ?? []).map((failure) => failure.itemIdentifier);
  return new Set(failed.every((id) => ids.includes(id)) ? failed : ids);
}
