/** The part of node-media-server 4.4.3 that the ingest uses; the package has no types. */
declare module 'node-media-server' {
  import type { Server, Socket } from 'node:net';
  import type { Headers, PassedOn } from './saidOnce.ts';

  export interface PublisherSession {
    readonly streamApp: string;
    readonly streamName: string;
    readonly socket: Socket;
    readonly rtmp: { onPacketCallback: (packet: PassedOn) => void };
    readonly broadcast: Headers & { readonly publisher: unknown };
  }

  export interface Config {
    bind: string;
    rtmp: { port: number };
    auth: { play: boolean; publish: boolean };
    record: { auto: boolean };
    store: { path: string };
    webadmin: { enable: boolean };
  }

  export default class NodeMediaServer {
    constructor(config: Config);
    readonly rtmpServer: { readonly tcpServer: Server };
    on(event: 'postPublish', listener: (session: PublisherSession) => void): void;
    run(): Promise<void>;
    stop(): Promise<void>;
  }
}

/** How it speaks RTMP; `this` of its methods is one connection. */
declare module 'node-media-server/src/protocol/rtmp.js' {
  export interface Invocation {
    streamName: string;
  }
  export default class Rtmp {
    streamApp: string;
    readonly parserPacket: { readonly header: { readonly stream_id: number } };
    onPublish(invocation: Invocation): void;
    onPlay(invocation: Invocation): void;
    sendStatusMessage(streamId: number, level: string, code: string, description: string): void;
  }
}

declare module 'node-media-server/src/core/context.js' {
  import type { Socket } from 'node:net';

  const context: {
    readonly sessions: ReadonlyMap<string, { readonly rtmp?: unknown; readonly socket: Socket }>;
  };
  export default context;
}
