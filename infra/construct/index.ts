/** What the package `stream-recorder` gives a CDK app. */
export { EVENT_SOURCE, EVENT_TYPES } from '../../functions/core/events/published.ts';
export type { ApiAuth, SignInProps } from './apiAuth.ts';
export type { DomainProps } from './domain.ts';
export type { HostsProps } from './hosts.ts';
export type { MergeProps } from './mergeTask.ts';
export type { OnRecordScriptProps } from './onRecordScript.ts';
export {
  type CapacityProvider,
  type LibraryStorageClass,
  StreamRecorder,
  type StreamRecorderProps,
} from './streamRecorder.ts';
export type { WcsPortsProps } from './wcsPorts.ts';
