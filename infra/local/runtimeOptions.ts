import type { EventBridgeEvent } from '../emulators/events/server.ts';
import type { Statement } from '../emulators/shared/policy.ts';
import type { TlsPair } from './certificate.ts';
import type { SourceSecrets } from './sourceSecrets.ts';
import type { LocalWebhook } from './webhookSettings.ts';

export interface RuntimeOptions {
  /** All that outlives the runtime; one runtime at a time. */
  readonly dataDir: string;
  /** 0, the default, lets the system pick. */
  readonly ports?: {
    readonly api?: number;
    readonly s3?: number;
    readonly ecs?: number;
    readonly events?: number;
    readonly rtmp?: number;
  };
  /** The API over HTTPS too, with a self-signed certificate where none is given. Not by default. */
  readonly https?: {
    readonly port: number;
    readonly pair: TlsPair | undefined;
    /** Whether a taken port is an error; otherwise there is no HTTPS then. */
    readonly isRequired: boolean;
  };
  /** Whether there is an RTMP ingest. true by default. */
  readonly ingest?: boolean;
  /** RECORDING_DEFAULTS: JSON as in `functions/core/settings/settings.ts`. */
  readonly recordingDefaults?: string;
  /** RECORDING_LIMITS: JSON as in `functions/core/settings/limits.ts`. */
  readonly recordingLimits?: string;
  /** STREAM_HOOKS: JSON as in `functions/core/hooks/settings.ts`. No hook is taken by default. */
  readonly streamHooks?: string;
  /** Credentials of sources, as Secrets Manager would hold them: name of a secret → name of a value → value. */
  readonly sourceSecrets?: SourceSecrets;
  /** A script that runs for each record in the library, with its stream's name and a file on disk. */
  readonly onRecordHook?: string | undefined;
  /** Endpoints that are told of events. */
  readonly webhooks?: readonly LocalWebhook[];
  /** Hosts that carry recordings; 0, the default, gives each recording a task of its own. */
  readonly hosts?: number;
  /** For the Node of recorders and hosts: a test turns their clocks, a profile is written. */
  readonly recorderArguments?: readonly string[];
  /** How long the API waits for a function, its turn included; API Gateway's 30 s by default. */
  readonly integrationTimeoutMs?: number;
  /** How many environments of a function begin as soon as they are wanted; as many as there are cores by default. */
  readonly promptEnvironments?: number;
  /** How long a task provisions. 0 by default. */
  readonly launchDelayMs?: number;
  /** Whether reconcile runs at the start too, and not by its schedule alone. true by default. */
  readonly reconcilesAtStart?: boolean;
  /** From one try to move a record to the next. */
  readonly relocationVisibilityMs?: number;
  /** Lines of the functions (by name), `recorder`, `ingest` and `runtime`; JSON, unless a program wrote something else. */
  readonly onLog?: (source: string, line: string) => void;
  /** Origins whose pages may call the API; none by default. */
  readonly corsOrigins?: readonly string[];
  /** Serves the console at `/`. */
  readonly console?: boolean;
  /** What a role may do instead of what the wiring grants it, by a function's name or a task's family: tests take rights away. */
  readonly statementsOf?: (role: string, granted: readonly Statement[]) => readonly Statement[];
  /** What was published to the event bus. */
  readonly onEvent?: (event: EventBridgeEvent) => void;
}
