import type { Reason } from '../../../../functions/core/state/objects.ts';

/** A recorder in the world of the model: in a task of its own, or on a host. */
export interface Task {
  readonly arn: string;
  readonly recordingId: string;
  readonly attempt: number;
  readonly runId: string;
  /** Undefined where the task has this recorder alone. */
  readonly host?: TaskHost;
}

export interface TaskHost {
  readonly hostId: string;
  /** With all that it carries. */
  die(): void;
  /** A recorder of this host is gone. */
  left(task: Task, end: RecorderEnd): void;
}

/** How a recorder is gone. */
export interface RecorderEnd {
  /** Undefined where it was killed. */
  readonly code: Reason['code'] | undefined;
  readonly message: string;
  readonly claimedAtMs: number | undefined;
}

/** What is seen of a recorder that runs. */
export interface SeenRecorder {
  /** It has its attempt, and records. */
  readonly isRecording: boolean;
  /** It has asked for the next attempt. */
  readonly isHandingOver: boolean;
}
