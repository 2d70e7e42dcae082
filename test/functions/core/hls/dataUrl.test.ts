import { expect, it } from 'vitest';
import { bytesOfDataUrl } from '../../../../functions/core/hls/dataUrl.ts';

const KEY = Buffer.from('c6d7e1b110a7137fadd9b54a9fe80b11', 'hex');

it.each([
  ['data:application/octet-stream;base64,xtfhsRCnE3+t2bVKn+gLEQ==', KEY],
  ['data:;base64,xtfhsRCnE3%2Bt2bVKn%2BgLEQ%3D%3D', KEY],
  ['DATA:text/plain;BASE64,xtfhsRCnE3+t2bVKn+gLEQ', KEY],
  ['data:,0123456789abc%00%ff', Buffer.from('0123456789abc\x00\xff', 'latin1')],
  ['data:text/plain;charset=base64,ab', Buffer.from('ab')],
  ['data:nothing', undefined],
  ['https://data.example/key,x', undefined],
])('%s', (url, bytes) => {
  expect(bytesOfDataUrl(url)).toEqual(bytes);
});
