/**
 * What an address says that is its own content (RFC 2397).
 * @returns undefined: it is another one
 */
export function bytesOfDataUrl(url: string): Buffer | undefined {
  const comma = url.indexOf(',');
  if (!/^data:/i.test(url) || comma < 0) return undefined;
  const data = Buffer.from(
    url
      .slice(comma + 1)
      .replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
    'latin1',
  );
  return /;\s*base64\s*$/i.test(url.slice(0, comma)) ? Buffer.from(data.toString('latin1'), 'base64') : data;
}
