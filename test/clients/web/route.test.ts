import { describe, expect, it } from 'vitest';
import { recordingAddress, roomAddress, routeOf } from '../../../clients/web/route.ts';

describe('addresses of the console', () => {
  it('lead to their screens', () => {
    expect(routeOf('')).toEqual({ screen: 'now' });
    expect(routeOf('#/health')).toEqual({ screen: 'health' });
    const id = '01KB0000000000000000000000';
    expect(routeOf(recordingAddress(id))).toEqual({ screen: 'recording', recordingId: id });
    const library = routeOf('#/library?stream=a%20b&status=failed');
    expect(library.screen === 'library' && [...library.query]).toEqual([
      ['stream', 'a b'],
      ['status', 'failed'],
    ]);
  });

  it.each(['daily', 'a/b?c#d', '100 %', 'Büro é😀'])('lead to room %s', (room) => {
    expect(routeOf('#/rooms')).toEqual({ screen: 'rooms' });
    expect(routeOf(roomAddress(room))).toEqual({ screen: 'room', room });
  });

  it.each(['#/rooms/%zz', '#/recordings/<script>', '#/recordings/', '#/nowhere', '#//'])(
    'lead nowhere bad: %s',
    (hash) => {
      expect(['unknown', 'now']).toContain(routeOf(hash).screen);
    },
  );
});
