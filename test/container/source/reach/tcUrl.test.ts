import { expect, it } from 'vitest';
import { tcUrl } from '../../../../container/source/reach/tcUrl.ts';

it.each([
  ['/live/key', 'live'],
  ['/live/key?token=x', 'live'],
  ['/live/instance/key', 'live/instance'],
  ['/live/instance/folder/key', 'live/instance'],
  ['/live/mp4:folder/key', 'live'],
  ['/live', 'live'],
  ['/ondemand/folder/key', 'ondemand'],
  ['/live?x=1&slist=key', 'live?x=1&slist=key'],
  ['', ''],
])('the application of %s is %j', (rest, application) => {
  expect(tcUrl('media.example', undefined, rest)).toBe(`rtmp://media.example:1935/${application}`);
});
