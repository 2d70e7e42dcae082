import { LiveFeed, type StreamServer } from './feed.ts';
import { HlsFeed } from './hlsFeed.ts';
import { startHlsServer } from './hlsServer.ts';
import { startHttpServer } from './httpServer.ts';
import type { SentTag } from './media.ts';
import { startRtmpServer } from './rtmpServer.ts';
import type { Story } from './story.ts';

export interface GeneratedServer extends StreamServer {
  /** What has been sent whole, in order, over all connections. */
  readonly sent: readonly SentTag[];
}

/**
 * A live stream that does what its story says, from the first listener on.
 * @param onOver all has been sent, and nobody has been told yet; a playlist says it itself
 */
export async function startServer(
  tags: readonly SentTag[],
  story: Story,
  onOver: () => Promise<void>,
): Promise<GeneratedServer> {
  const { format } = story;
  if (format === 'hls' || format === 'fmp4') {
    const feed = new HlsFeed(tags, story);
    return { ...(await startHlsServer(feed)), sent: feed.sent };
  }
  const feed = new LiveFeed(tags, story, onOver);
  const server = format === 'rtmp' ? await startRtmpServer(feed) : await startHttpServer(feed, format);
  return { ...server, sent: feed.sent };
}
