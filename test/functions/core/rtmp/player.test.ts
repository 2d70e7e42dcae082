import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { rtmpAddress } from '../../../../functions/core/rtmp/address.ts';
import { amfObject, encodeAmf0 } from '../../../../functions/core/rtmp/amf0.ts';
import {
  RtmpAuthenticationError,
  RtmpError,
  RtmpRedirectError,
  RtmpRefusedError,
} from '../../../../functions/core/rtmp/errors.ts';
import { KIND, uint32s } from '../../../../functions/core/rtmp/messages.ts';
import { RtmpPlayer } from '../../../../functions/core/rtmp/player.ts';
import { parseSource } from '../../../../functions/core/source/sourceUrl.ts';
import { flvTags } from '../../../support/flvTags.ts';
import {
  CONNECTED,
  CREATED,
  command,
  PlayerReader,
  refused,
  said,
  serverHello,
  status,
} from '../../../support/rtmpTalk.ts';

const address = rtmpAddress(parseSource('rtmp://user:pass@media.test/live/key?token=x', 'url'));
const random = (bytes: number): Buffer => Buffer.alloc(bytes, 5);

/** A player whose server has taken its hand. */
function greeted(answer = ''): { readonly player: RtmpPlayer; readonly reader: PlayerReader } {
  const player = new RtmpPlayer({ address, answer, random });
  const reader = new PlayerReader();
  const hello = player.takeReplies();
  expect(reader.read(hello)).toEqual([]);
  player.push(serverHello(hello));
  return { player, reader };
}

function playing(): RtmpPlayer {
  const { player } = greeted();
  player.push(Buffer.concat([CONNECTED, CREATED, status('NetStream.Play.Start')]));
  player.takeReplies();
  return player;
}

const SOUND = Buffer.of(0xaf, 1, 2, 3);
const PICTURE = Buffer.of(0x17, 1, 0, 0, 0, 4);
const METADATA = encodeAmf0(['onMetaData', amfObject({ videocodecid: 7, audiocodecid: 10 })]);

describe('a player', () => {
  it('greets, connects, creates a stream and asks to play it, as it is answered', () => {
    const player = new RtmpPlayer({ address, random });
    const reader = new PlayerReader();
    const hello = player.takeReplies();
    expect(hello.length).toBe(1 + 1_536);
    expect(hello.subarray(0, 10)).toEqual(Buffer.of(3, 0, 0, 0, 0, 0, 0, 0, 0, 5));
    reader.read(hello);
    const answer = serverHello(hello);
    player.push(answer.subarray(0, 2_000));
    expect(player.takeReplies()).toEqual(Buffer.alloc(0));
    player.push(answer.subarray(2_000));
    const echoed = player.takeReplies();
    expect(echoed.subarray(0, 1_536)).toEqual(answer.subarray(1, 1_537));
    expect(reader.commands(echoed)).toEqual([
      [
        'connect',
        1,
        amfObject({
          app: 'live',
          flashVer: 'LNX 9,0,124,2',
          tcUrl: 'rtmp://media.test:1935/live',
          fpad: false,
          capabilities: 15,
          audioCodecs: 4_071,
          videoCodecs: 252,
          videoFunction: 1,
          objectEncoding: 0,
          fourCcList: ['av01', 'hvc1', 'vp09'],
          videoFourCcInfoMap: amfObject({ av01: 1, hvc1: 1, vp09: 1 }),
        }),
      ],
    ]);
    player.push(CONNECTED);
    expect(reader.commands(player.takeReplies())).toEqual([
      ['FCSubscribe', 5, null, 'key?token=x'],
      ['createStream', 2, null],
    ]);
    expect(player.phase).toBe('asking');
    player.push(CREATED);
    const [play, buffer] = reader.read(player.takeReplies());
    expect(play).toMatchObject({ kind: KIND.command, streamId: 1 });
    expect(play?.body).toEqual(encodeAmf0(['play', 3, null, 'key?token=x', -2_000]));
    expect(buffer?.body).toEqual(Buffer.concat([Buffer.of(0, 3), uint32s(1, 3_000)]));
    expect(player.phase).toBe('waiting');
  });

  it('gives what is played as FLV, whose header says what is announced', () => {
    const player = playing();
    const sampleAccess = encodeAmf0(['|RtmpSampleAccess', true, true]);
    expect(player.push(said(KIND.data, sampleAccess))).toEqual(Buffer.alloc(0));
    expect(player.phase).toBe('waiting');
    const asked = Buffer.concat([encodeAmf0(['@setDataFrame']), METADATA]);
    const flv = player.push(
      Buffer.concat([
        said(KIND.data, asked, 3),
        said(KIND.video, PICTURE, 0x1234567),
        said(KIND.audio, SOUND, 0xfffffff0),
        said(KIND.audio, Buffer.alloc(0), 1),
        said(KIND.data3, Buffer.concat([Buffer.of(0), METADATA]), 2),
        said(77, SOUND, 9),
      ]),
    );
    expect(flv.subarray(0, 13)).toEqual(Buffer.concat([Buffer.from('FLV\u0001\u0005'), uint32s(9, 0)]));
    expect(flvTags(flv)).toEqual([
      { kind: 18, atMs: 0, body: sampleAccess },
      { kind: 18, atMs: 3, body: METADATA },
      { kind: 9, atMs: 0x1234567, body: PICTURE },
      { kind: 8, atMs: 0xfffffff0, body: SOUND },
      { kind: 18, atMs: 2, body: METADATA },
    ]);
    expect(player.phase).toBe('playing');
    // Each tag is followed by its size.
    expect(flv.subarray(-4)).toEqual(uint32s(11 + METADATA.length));
  });

  it('where nothing is announced, says in the header what comes first', () => {
    expect(playing().push(said(KIND.audio, SOUND))[4]).toBe(4);
    expect(playing().push(said(KIND.video, PICTURE))[4]).toBe(1);
  });

  it('takes messages out of an aggregate, with times of the first of them on', () => {
    const tag = (kind: number, atMs: number, body: Buffer): Buffer =>
      Buffer.concat([
        Buffer.of(kind, 0, 0, body.length, 0, 0, atMs, 0, 0, 0, 0),
        body,
        uint32s(11 + body.length),
      ]);
    const tags = [tag(9, 100, PICTURE), tag(8, 120, SOUND), tag(22, 1, SOUND), tag(8, 130, SOUND)];
    const whole = Buffer.concat(tags);
    const flv = playing().push(said(KIND.aggregate, whole.subarray(0, whole.length - 6), 5_000));
    expect(flvTags(flv)).toEqual([
      { kind: 9, atMs: 5_000, body: PICTURE },
      { kind: 8, atMs: 5_020, body: SOUND },
    ]);
  });

  it('answers pings, checks and the bandwidth, and acknowledges what has come', () => {
    const { player, reader } = greeted();
    reader.read(player.takeReplies());
    const ping = said(KIND.userControl, Buffer.concat([Buffer.of(0, 6), uint32s(0x01020304)]));
    player.push(Buffer.concat([ping, said(KIND.peerBandwidth, Buffer.concat([uint32s(9), Buffer.of(2)]))]));
    expect(reader.read(player.takeReplies()).map(({ kind, body }) => [kind, body])).toEqual([
      [KIND.userControl, Buffer.concat([Buffer.of(0, 7), uint32s(0x01020304)])],
      [KIND.windowSize, uint32s(2_500_000)],
    ]);
    player.push(command('onBWDone', 0, null));
    expect(reader.commands(player.takeReplies())).toEqual([['_checkbw', 4, null]]);
    player.push(refused(4, 'unknown'));
    player.push(refused(5, 'unknown'));
    const window = said(KIND.windowSize, uint32s(1_000));
    player.push(window);
    player.takeReplies();
    const more = Buffer.concat([said(KIND.audio, Buffer.alloc(600)), said(KIND.audio, Buffer.alloc(600))]);
    player.push(more);
    const replies = player.takeReplies();
    expect(replies.length).toBe(16);
    expect(replies.readUInt32BE(12)).toBeGreaterThan(1_200);
    expect(player.fault).toBeUndefined();
  });

  it('takes commands of AMF 3 that hold values of AMF 0', () => {
    const { player, reader } = greeted();
    reader.read(player.takeReplies());
    const body = encodeAmf0(['_result', 1, null, null]);
    player.push(said(KIND.command3, Buffer.concat([Buffer.of(0), body])));
    expect(reader.commands(player.takeReplies())).toContainEqual(['createStream', 2, null]);
  });

  it.each([
    'NetStream.Play.Stop',
    'NetStream.Play.Complete',
    'NetStream.Play.UnpublishNotify',
    'NetConnection.Connect.Closed',
  ])('is through with %s, and has what came before', (code) => {
    const player = playing();
    const flv = player.push(Buffer.concat([said(KIND.audio, SOUND), status(code), said(KIND.audio, SOUND)]));
    expect(flvTags(flv)).toHaveLength(1);
    expect(player).toMatchObject({ phase: 'over', fault: undefined });
    expect(player.push(said(KIND.audio, SOUND))).toEqual(Buffer.alloc(0));
  });

  it('goes on after what is said of another publisher, and what nobody knows', () => {
    const player = playing();
    const eof = said(KIND.userControl, Buffer.of(0, 1, 0, 0, 0, 1));
    const odd = [
      said(KIND.userControl, Buffer.of(0)),
      said(KIND.command, Buffer.of(99)),
      said(KIND.windowSize, Buffer.of(1)),
    ];
    const flv = player.push(
      Buffer.concat([eof, status('NetStream.Play.PublishNotify'), ...odd, said(KIND.audio, SOUND)]),
    );
    expect(flvTags(flv)).toHaveLength(1);
    expect(player.phase).toBe('playing');
  });
});

describe('a server that gives nothing', () => {
  it.each([
    [
      status('NetStream.Play.StreamNotFound', 'error', { description: 'No such stream' }),
      'NetStream.Play.StreamNotFound: No such stream',
    ],
    [status('NetStream.Play.Failed', 'error'), 'NetStream.Play.Failed'],
    [refused(3, 'no'), 'no'],
    [refused(2, 'no'), 'no'],
  ])('says why', (answer, words) => {
    const player = playing();
    player.push(answer);
    expect(player.phase).toBe('over');
    expect(player.fault).toEqual(new RtmpRefusedError(words));
  });

  it('is believed after what it has sent', () => {
    const player = playing();
    const flv = player.push(
      Buffer.concat([said(KIND.audio, SOUND), status('NetStream.Play.StreamNotFound', 'error')]),
    );
    expect(flvTags(flv)).toHaveLength(1);
    expect(player.fault).toBeInstanceOf(RtmpRefusedError);
  });

  it('is no RTMP where it says something else', () => {
    const player = new RtmpPlayer({ address, random });
    player.push(Buffer.from('220 mail.example ESMTP'));
    expect(player).toMatchObject({ phase: 'over', fault: expect.any(RtmpError) });
    const { player: other } = greeted();
    other.push(Buffer.concat([CONNECTED, command('_result', 2, null, 'one')]));
    expect(other.fault).toBeInstanceOf(RtmpError);
  });

  it('and names another one, says which: the application, or the stream where that is said', () => {
    const elsewhere = (more = {}) => ({
      ex: amfObject({ code: 302, redirect: 'rtmp://b.example/live', ...more }),
    });
    const { player } = greeted();
    player.push(command('_error', 1, null, amfObject({ level: 'error', ...elsewhere() })));
    expect(player.fault).toEqual(new RtmpRedirectError('rtmp://b.example/live'));
    const other = playing();
    const redirect2 = 'rtmp://b.example/live/key';
    other.push(status('NetConnection.Connect.Rejected', 'error', elsewhere({ redirect2 })));
    expect(other.fault).toMatchObject({ name: 'RtmpRedirectError', location: redirect2 });
  });
});

describe('a server that asks for a password', () => {
  const faultOf = (description: string, answer = '') => {
    const { player } = greeted(answer);
    player.push(refused(1, description));
    return player.fault;
  };
  const NEEDED = '[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ';
  const md5 = (text: string) => createHash('md5').update(text).digest('base64');

  it('is told the user, and then what the password makes of its salt', () => {
    const first = faultOf(NEEDED);
    expect(first).toEqual(new RtmpAuthenticationError('?authmod=adobe&user=user'));
    const asked = '[ authmod=adobe ] : ?reason=needauth&user=user&salt=abc&challenge=xyz&opaque=op';
    const response = md5(`${md5('userabcpass')}op05050505`);
    const second = faultOf(asked, '?authmod=adobe&user=user');
    expect(second).toEqual(
      new RtmpAuthenticationError(
        `?authmod=adobe&user=user&challenge=05050505&response=${response}&opaque=op`,
      ),
    );
    expect((second as RtmpAuthenticationError).answer).toContain(`response=${response}`);
  });

  it("is told it in Limelight's way", () => {
    const asked = '[ authmod=llnw ] : ?reason=needauth&user=user&nonce=n1';
    const hex = (text: string) => createHash('md5').update(text).digest('hex');
    const response = hex(
      `${hex('user:live:pass')}:n1:00000001:05050505:auth:${hex('publish:/live/_definst_')}`,
    );
    expect((faultOf(asked) as RtmpAuthenticationError).answer).toBe(
      `?authmod=llnw&user=user&nonce=n1&cnonce=05050505&nc=00000001&response=${response}`,
    );
  });

  it.each([
    ['[ authmod=adobe ] : ?reason=authfailed&opaque=x', '?authmod=adobe&user=user&response=1'],
    ['[ authmod=adobe ] : ?reason=nosuchuser', ''],
    ['[ authmod=adobe ] : ?reason=needauth&salt=a', '?authmod=adobe&user=user&response=1'],
    [NEEDED, '?authmod=adobe&user=user'],
    ['authmod=adobe', ''],
  ])('is not asked without an end: %j', (description, answer) => {
    expect(faultOf(description, answer)).toBeInstanceOf(RtmpRefusedError);
    expect(faultOf(description, answer)?.message).toMatch(/^authentication failed/);
  });

  it('in another way, is believed', () => {
    expect(faultOf('go away')).toEqual(new RtmpRefusedError('go away'));
  });

  it('says it again with the answer in application and address', () => {
    const { player, reader } = greeted('?authmod=adobe&user=user');
    const [connect] = reader.commands(player.takeReplies());
    const properties = connect?.[2];
    expect(properties).toBeInstanceOf(Map);
    expect((properties as ReadonlyMap<string, unknown>).get('app')).toBe('live?authmod=adobe&user=user');
    expect((properties as ReadonlyMap<string, unknown>).get('tcUrl')).toBe(
      'rtmp://media.test:1935/live?authmod=adobe&user=user',
    );
  });
});
