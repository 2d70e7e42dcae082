import { askWcsServers } from '../aws/wcsServers.ts';
import { RecorderError } from '../core/api/errors.ts';
import { register } from '../core/hooks/apply.ts';
import type { HookEvent } from '../core/hooks/event.ts';
import type { HookSettings } from '../core/hooks/settings.ts';
import {
  type StartParams,
  type StartPorts,
  type StartResult,
  startRecording,
} from '../core/protocol/start.ts';

/**
 * Starts a recording of a stream of the registry, or of one that a WCS server of the deployment knows.
 * @throws RecorderError as `startRecording`
 */
export async function startFound(
  ports: StartPorts,
  params: StartParams,
  hooks: HookSettings,
  ask: typeof askWcsServers = askWcsServers,
): Promise<StartResult> {
  try {
    return await startRecording(ports, params);
  } catch (error) {
    if (!(error instanceof RecorderError) || error.code !== 'session_not_found') throw error;
    const event: HookEvent | undefined = await ask(hooks, params.mediaSessionId);
    if (event?.what !== 'published') throw error;
    await register(ports, event, hooks, params.settings.sources);
    return startRecording(ports, params);
  }
}
