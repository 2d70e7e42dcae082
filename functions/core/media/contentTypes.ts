import type { ContainerFormat } from './types.ts';

export const CONTENT_TYPES: Readonly<Record<ContainerFormat, string>> = {
  mp4: 'video/mp4',
  webm: 'video/webm',
  mkv: 'video/x-matroska',
  ts: 'video/mp2t',
};
