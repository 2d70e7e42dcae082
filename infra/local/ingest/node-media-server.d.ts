/** The part of node-media-server 4.4.3 that the ingest uses; the package has no types. */
declare module 'node-media-server' {
  import type { Server, Socket } from 'node:net';

  export interface PublisherSession {
    readonly streamApp: string;
    readonly streamName: string;
    readonly socket: Socket;
    readonly broadcast: { readonly publisher: unknown };
  }

  export interface Config {
    bind: string;
    rtmp: { port: number };
    auth: { play: boolean; publish: boolean };
    record: { auto: boolean };
    store: { path: string };
  }

  export default class NodeMediaServer {
    constructor(config: Config);
    readonly rtmpServer: { readonly tcpServer: Server };
    on(event: 'postPublish', listener: (session: PublisherSession) => void): void;
    run(): Promise<void>;
    stop(): Promise<void>;
  }
}
