import * as z from 'zod/mini';

/** What `POST /recordings/previewName` answers: the names of a record, and what was changed in them (see ./answers.ts). */
const count = z.int().check(z.nonnegative());

/** `text` is the template's own; `fileName` is one that the template does not make. */
const nameElement = z.string();
const nameResult = z.strictObject({
  name: z.string(),
  whole: z.string(),
  trimmed: z.boolean(),
  trimmedElements: z.array(
    z.strictObject({
      element: nameElement,
      fromBytes: count,
      toBytes: count,
      why: z.enum(['element', 'limit']),
    }),
  ),
  encoded: z.boolean(),
  encodedElements: z.array(z.strictObject({ element: nameElement, value: z.string(), text: z.string() })),
  hashed: z.exactOptional(z.enum(['trimmed', 'ambiguous'])),
});

export const previewAnswer = z.strictObject({
  fileName: z.string(),
  libraryKey: z.string(),
  trimmed: z.boolean(),
  encoded: z.boolean(),
  file: nameResult,
  library: nameResult,
});
