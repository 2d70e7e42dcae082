/** One medium of a session description. */
export interface SdpMedium {
  /** Its lines, from `m=` on. */
  readonly text: string;
  /** What it is set up by (RFC 2326, C.1.1): an address, or the end of one. */
  readonly control: string | undefined;
}

export const mediaOfSdp = (sdp: string): readonly SdpMedium[] =>
  sdp
    .split(/^(?=m=)/m)
    .filter((text) => text.startsWith('m='))
    .map((text) => ({ text, control: /^a=control:(\S+)/m.exec(text)?.[1] }));

/** The medium that is set up at this address; undefined where none says so, or several do. */
export function mediumAt(sdp: string, url: string): SdpMedium | undefined {
  const [medium, ...others] = mediaOfSdp(sdp).filter(
    ({ control }) => control !== undefined && (url === control || url.endsWith(`/${control}`)),
  );
  return others.length === 0 ? medium : undefined;
}

/** The description without these media; as it is where there would be none. */
export function withoutMedia(sdp: string, controls: ReadonlySet<string>): string {
  const isLeftOut = ({ control }: SdpMedium): boolean => control !== undefined && controls.has(control);
  const media = mediaOfSdp(sdp);
  if (media.every(isLeftOut)) return sdp;
  return media.filter(isLeftOut).reduce((rest, { text }) => rest.replace(text, () => ''), sdp);
}
