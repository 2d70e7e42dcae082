import type { NameValues } from './elements.ts';
import { type NameResult, render } from './render.ts';
import { fileTemplateOf, libraryTemplateOf, type NameRules } from './rules.ts';

/**
 * The name of a part's file when the part opens. What is known only later stands as `{endTime}`, and its maximum
 * size is kept free. Braces in values are encoded, so a brace in a name is always such an element.
 * @param extension without the dot
 * @throws NameTemplateError rules that `checkNameRules` would refuse
 */
export function fileName(values: NameValues, rules: NameRules, extension: string): NameResult {
  return render(fileTemplateOf(rules), values, rules, {
    extension,
    lateAsElement: true,
    keyMaxBytes: rules.fileNameMaxBytes,
  });
}

/**
 * The key of a finished part in the library, with what was not known when its file name was made. A landing name
 * that these values and rules do not make (another release opened the part) is kept as it is.
 * @param landingFileName the part's file name, without folders
 * @param extension without the dot
 */
export function libraryKey(
  values: NameValues,
  rules: NameRules,
  landingFileName: string,
  extension: string,
): NameResult {
  const isOurs = fileName(values, rules, extension).name === landingFileName;
  const landingStem = isOurs ? undefined : stemOf(landingFileName, extension);
  return render(libraryTemplateOf(rules, landingStem), values, rules, {
    extension,
    lateAsElement: false,
    keyMaxBytes: rules.keyMaxBytes,
  });
}

function stemOf(name: string, extension: string): string {
  if (name.endsWith(`.${extension}`)) return name.slice(0, -extension.length - 1);
  return name.replace(/\.[^.]*$/, '');
}
