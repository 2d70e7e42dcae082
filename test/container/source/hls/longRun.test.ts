import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Logger } from '@aws-lambda-powertools/logger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HlsSource } from '../../../../container/source/hls/hlsSource.ts';
import { JudgedHttp } from '../../../../container/source/reach/judgedHttp.ts';
import { lookupBySystem } from '../../../../functions/aws/dnsResolution.ts';
import { TICKS_PER_MS } from '../../../../functions/core/media/mpegts/packets.ts';
import { PacketWriter } from '../../../../functions/core/media/mpegts/packetWriter.ts';
import { associationTable } from '../../../../functions/core/media/mpegts/tableWriter.ts';
import { DEFAULT_SETTINGS } from '../../../../functions/core/settings/settings.ts';
import { DEFAULT_SOURCE_RULES } from '../../../../functions/core/source/sourceRules.ts';
import { END, playlist, segmentLines } from '../../../support/hlsMedia.ts';
import { HlsSite } from '../../../support/hlsSite.ts';

/** No playlist says more of one. */
const SEGMENT_SECONDS = 60 * 60;
const SEGMENTS = 26;
const idleTimeoutMs = 5_000;

/** A picture. */
function segmentAt(seconds: number): Buffer {
  const writer = new PacketWriter();
  writer.table(0, associationTable(0x1000));
  const ticks = seconds * 1_000 * TICKS_PER_MS;
  const data = Buffer.alloc(700);
  const times = { ptsTicks: ticks, dtsTicks: ticks };
  writer.pes({ pid: 0x100, streamId: 0xe0, ...times, data, randomAccess: true, hasClock: true });
  return writer.take();
}

/** How many segments ffmpeg is given at an address. */
async function segmentsAt(url: string, segmentBytes: number): Promise<number> {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(`GET ${pathname} HTTP/1.1\r\n\r\n`);
  const answer = await buffer(socket);
  // Its head and that of its only chunk are shorter than a segment.
  return Math.floor(answer.length / segmentBytes);
}

describe('an HLS source of MPEG-TS', () => {
  const rules = { ...DEFAULT_SOURCE_RULES, privateNetworks: ['127.0.0.1/32'] };
  const http = new JudgedHttp({ rules, lookup: lookupBySystem, idleTimeoutMs });
  let site: HlsSite;
  beforeAll(async () => {
    site = await HlsSite.start();
  });
  afterAll(async () => {
    http.close();
    await site.close();
  });

  it('is read by another ffmpeg after twelve hours, before the counter of the first one comes to its end', async () => {
    const segments = Array.from({ length: SEGMENTS }, (_, place) => segmentAt(place * SEGMENT_SECONDS));
    const lines = segments.flatMap((segment, place) => {
      site.put(`/long/${place}.ts`, segment);
      return segmentLines(`/long/${place}.ts`, SEGMENT_SECONDS);
    });
    site.put('/long.m3u8', playlist(...lines, END));
    const log = new Logger({ logLevel: 'SILENT' });
    const clock = { nowMs: () => performance.now() };
    const url = `${site.origin}/long.m3u8`;
    const source = new HlsSource({ url, http, wanted: DEFAULT_SETTINGS, idleTimeoutMs, clock, log });
    const given: number[] = [];
    const { signal } = new AbortController();
    for (let run = await source.open(signal); run !== undefined; run = await source.open(signal)) {
      given.push(await segmentsAt(run.access.url, segments[0]?.length ?? 0));
      await source.endRun(true, true);
    }
    await source.close();
    expect(given).toEqual([12, 12, 2]);
  });
});
