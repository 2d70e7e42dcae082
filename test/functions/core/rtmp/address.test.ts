import { expect, it } from 'vitest';
import { redirectedUrl, rtmpAddress } from '../../../../functions/core/rtmp/address.ts';
import { parseSource } from '../../../../functions/core/source/sourceUrl.ts';

const addressOf = (url: string) => rtmpAddress(parseSource(url, 'url'));

it.each([
  ['/live/key', 'live', 'key'],
  ['/live/key?token=x', 'live', 'key?token=x'],
  ['/live/key?token=a/b==&from=http://x/y', 'live', 'key?token=a/b==&from=http://x/y'],
  ['/live/instance/key?token=a/b', 'live/instance', 'key?token=a/b'],
  ['/live?vhost=x/key', 'live?vhost=x', 'key'],
  ['/live/instance/key', 'live/instance', 'key'],
  ['/live/instance/folder/key', 'live/instance', 'folder/key'],
  ['/live/mp4:folder/key', 'live', 'mp4:folder/key'],
  ['/live/file.mp4', 'live', 'mp4:file.mp4'],
  ['/live/file.flv', 'live', 'file'],
  ['/live', 'live', ''],
  ['/ondemand/folder/key', 'ondemand', 'folder/key'],
  ['/live?x=1&slist=key&y=2', 'live', 'key'],
  ['', '', ''],
])('the application and the stream of %s are %j and %j', (rest, app, streamName) => {
  expect(addressOf(`rtmp://media.example${rest}`)).toMatchObject({
    app,
    streamName,
    tcUrl: `rtmp://media.example:1935/${app}`,
  });
});

it('has the host as it is named, with its port, and credentials decoded', () => {
  expect(addressOf('rtmps://us%40er:p:%2F@[2001:db8::1]/live/key')).toEqual({
    app: 'live',
    streamName: 'key',
    tcUrl: 'rtmps://[2001:db8::1]:443/live',
    user: 'us@er',
    password: 'p:/',
  });
  expect(addressOf('rtmp://media.example:1936/live/key')).toMatchObject({
    tcUrl: 'rtmp://media.example:1936/live',
    user: undefined,
    password: undefined,
  });
});

it.each([
  ['/live/key', 'rtmp://b.example:1936/live', 'rtmp://b.example:1936/live/key'],
  ['/live/key?token=x', 'rtmp://b.example/other/', 'rtmp://b.example/other/key?token=x'],
  ['/live/key?token=x', 'rtmp://b.example/live?vhost=v', 'rtmp://b.example/live/key?token=x&vhost=v'],
  ['/live/key', 'rtmp://b.example/live?vhost=v', 'rtmp://b.example/live/key?vhost=v'],
  ['/live/key?token=x', 'rtmp://b.example/live/key?token=y', 'rtmp://b.example/live/key?token=y'],
  ['/live/key', 'rtmp://b.example/live/key', 'rtmp://b.example/live/key'],
  ['/live/key', 'rtmp://b.example/key', 'rtmp://b.example/key/key'],
  ['/live/key', 'rtmp://b.example', 'rtmp://b.example/live/key'],
  ['/live/key', 'rtmp://b.example/', 'rtmp://b.example/live/key'],
])('%s of a server that sends to %s is %s', (rest, location, url) => {
  expect(redirectedUrl(location, { rest })).toBe(url);
});
