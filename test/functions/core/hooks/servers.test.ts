import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { anyServer, nginxRtmp, ovenMediaEngine, srs } from '../../../../functions/core/hooks/servers.ts';
import { wcsHook } from '../../../../functions/core/hooks/wcs.ts';

const secret = 's3cret';
const request = (text: string, headers: Record<string, string> = {}) => ({ text, headers, secret });

describe('nginx-rtmp', () => {
  const form = (call: string, more = '') =>
    `app=live&flashver=FMLE/3.0&swfurl=&tcurl=rtmp://h/live&pageurl=&addr=10.0.0.7&clientid=3&call=${call}&name=cam%201&type=live${more}`;
  it.each([
    ['publish', '&record=true', 'published', true],
    ['publish', '', 'published', false],
    ['update_publish', '&time=30&timestamp=29000', 'published', false],
    ['publish_done', '', 'unpublished', false],
  ])('%s%s', (call, more, what, record) => {
    expect(nginxRtmp(request(form(call, more))).event).toMatchObject({
      what,
      record,
      mediaSessionId: 'live/cam 1',
      name: 'cam 1',
      app: 'live',
      sessionId: '10.0.0.7/3',
    });
  });

  it('says nothing about players, and refuses what is no hook of nginx', () => {
    expect(nginxRtmp(request(form('play'))).event).toBeUndefined();
    expect(() => nginxRtmp(request('{"call":"publish"}'))).toThrow(expect.objectContaining({ status: 400 }));
  });
});

describe('SRS', () => {
  const body = (action: string, param = '') =>
    JSON.stringify({
      action,
      client_id: '9308h583',
      ip: '10.0.0.7',
      vhost: '_',
      app: 'live',
      stream: 'cam',
      param,
    });
  it('publishes and unpublishes', () => {
    expect(srs(request(body('on_publish', '?record=true&token=x')))).toMatchObject({
      reply: { code: 0 },
      event: { what: 'published', mediaSessionId: 'live/cam', sessionId: '9308h583', record: true },
    });
    expect(srs(request(body('on_unpublish'))).event).toMatchObject({ what: 'unpublished' });
    expect(srs(request(body('on_play')))).toEqual({ reply: { code: 0, data: null } });
  });
});

describe('OvenMediaEngine', () => {
  const body = (status: string, direction = 'incoming') =>
    JSON.stringify({
      client: { address: '10.0.0.7', port: 29291 },
      request: {
        direction,
        protocol: 'WebRTC',
        url: 'ws://media.example:3333/app/cam?direction=send&record=true',
        time: '2026-01-01T12:00:00.000Z',
        status,
      },
    });
  const signature = (text: string) => createHmac('sha1', secret).update(text).digest('base64url');
  const signed = (text: string) => request(text, { 'x-ome-signature': signature(text) });

  it('opens and closes', () => {
    expect(ovenMediaEngine(signed(body('opening')))).toMatchObject({
      reply: { allowed: true },
      event: {
        what: 'published',
        mediaSessionId: 'app/cam',
        kind: 'webrtc',
        record: true,
        atMs: Date.UTC(2026, 0, 1, 12),
      },
    });
    const closing = ovenMediaEngine(signed(body('closing')));
    expect(closing.reply).toEqual({});
    expect(closing.event?.what).toBe('unpublished');
    expect(closing.event).not.toHaveProperty('record');
    expect(ovenMediaEngine(signed(body('opening', 'outgoing')))).toEqual({ reply: { allowed: true } });
  });

  it('takes the signature with padding too, and no other', () => {
    const text = body('opening');
    const padded = createHmac('sha1', secret).update(text).digest('base64');
    expect(ovenMediaEngine(request(text, { 'x-ome-signature': padded })).event).toBeDefined();
    for (const wrong of [
      '',
      'x',
      signature(`${text} `),
      createHmac('sha1', 'other').update(text).digest('base64url'),
    ]) {
      expect(() => ovenMediaEngine(request(text, { 'x-ome-signature': wrong }))).toThrow(
        expect.objectContaining({ code: 'hook_refused', status: 403 }),
      );
    }
  });
});

describe('any server', () => {
  it('sends JSON or a form', () => {
    const event = {
      what: 'published',
      mediaSessionId: 'cams/one',
      name: 'cams/one',
      kind: 'rtsp',
      record: true,
      sourceUrl: 'rtsp://h/cams/one',
      atMs: 5,
    };
    const fields = {
      event: 'publish',
      name: 'cams/one',
      kind: 'rtspSession',
      query: 'record=true',
      sourceUrl: 'rtsp://h/cams/one',
      eventAtMs: '5',
    };
    expect(anyServer(request(JSON.stringify(fields))).event).toEqual(event);
    expect(anyServer(request(new URLSearchParams(fields).toString())).event).toEqual(event);
    expect(anyServer(request('event=unpublish&name=x&app=live&mediaSessionId=m')).event).toMatchObject({
      what: 'unpublished',
      mediaSessionId: 'm',
    });
  });
  it.each([
    ['', 'event'],
    ['event=publish', 'name'],
    ['event=gone&name=x', 'event'],
    ['event=publish&name=x&eventAtMs=soon', 'eventAtMs'],
    ['event=publish&name=x&nmae=y', 'nmae'],
    ['{"event":', 'body'],
  ])('%s is refused by %s', (text, field) => {
    expect(() => anyServer(request(text))).toThrow(expect.objectContaining({ status: 400, field }));
  });
});

describe('WCS', () => {
  const stream = {
    nodeId: 'n1',
    appKey: 'defaultApp',
    sessionId: '/1.2.3.4:5/6',
    mediaSessionId: 'm1',
    name: 'cam',
    published: true,
    hasVideo: true,
    hasAudio: true,
    status: 'PENDING',
    audioCodec: null,
    record: true,
    width: 0,
    custom: { user: 'x' },
  };
  it.each([
    ['publishStream', stream, 'pending'],
    ['StreamStatusEvent', { ...stream, status: 'PUBLISHING' }, 'published'],
    ['StreamStatusEvent', { ...stream, status: 'UNPUBLISHED' }, 'unpublished'],
    ['StreamStatusEvent', { ...stream, status: 'FAILED' }, 'unpublished'],
    ['unPublishStream', { ...stream, status: 'PUBLISHING' }, 'unpublished'],
    ['StreamStatusEvent', { ...stream, status: 'PLAYBACK_PROBLEM' }, undefined],
    ['StreamStatusEvent', { ...stream, published: false, status: 'PLAYING' }, undefined],
    ['connect', { nodeId: 'n1', appKey: 'x', sessionId: 's' }, undefined],
    ['ConnectionStatusEvent', { status: 'DISCONNECTED' }, undefined],
    ['StreamEvent', { type: 'audioMuted', mediaSessionId: 'm1', payload: {} }, undefined],
    ['somethingNew', [1], undefined],
  ])('%s answers with the same object', (method, body, what) => {
    const result = wcsHook(method, JSON.stringify(body));
    expect(result.reply).toEqual(body);
    expect(result.event?.what).toBe(what);
  });
  it('keeps what it knows of the stream, null being nothing', () => {
    expect(wcsHook('publishStream', JSON.stringify(stream)).event).toMatchObject({
      app: 'defaultApp',
      record: true,
      isUnique: true,
      details: { nodeId: 'n1', hasVideo: true, width: 0 },
    });
    expect(wcsHook('publishStream', JSON.stringify(stream)).event?.details).not.toHaveProperty('audioCodec');
  });
});
