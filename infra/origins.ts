/** What a browser says of the page that calls: scheme, host and port, without a slash at the end; `*` is every page. */
export function isOrigin(text: string): boolean {
  return text === '*' || (URL.canParse(text) && new URL(text).origin === text);
}
