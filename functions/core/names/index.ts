export { decodeName, encodeName, type NameEncoding } from './codec.ts';
export { collisionKey, type PartPlace, sharedPieces } from './collision.ts';
export type { NameValues } from './elements.ts';
export { fileName, libraryKey } from './names.ts';
export { type NamePreview, type PreviewInput, previewName } from './preview.ts';
export type { EncodedElement, NameResult, TrimmedElement } from './render.ts';
export {
  checkNameRules,
  DEFAULT_NAME_RULES,
  type NameRules,
  START_TIME_FILE_TEMPLATE,
  type StreamRecordPolicy,
} from './rules.ts';
export { NameTemplateError, type TemplateFault, type TemplateField } from './template.ts';
