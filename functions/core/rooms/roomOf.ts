/** Deployers write these patterns, and publishers the names: what is looked at, and what comes of it, is bounded. */
const NAME_MAX_CHARS = 1024;
const GROUP = '(?<room>';

interface RoomStream {
  readonly name: string;
  readonly app?: string;
  readonly mediaSessionId: string;
}

/**
 * The room of a stream by its application's pattern: a template (`{streamName}`, `{app}`, `{mediaSessionId}`), or a
 * regular expression on the stream's name whose group `room` is the room.
 * @param patterns by application; `*` is for all others
 * @returns undefined where the stream is in no room
 */
export function roomOf(stream: RoomStream, patterns: Readonly<Record<string, string>>): string | undefined {
  const app = stream.app !== undefined && Object.hasOwn(patterns, stream.app) ? stream.app : '*';
  const pattern = Object.hasOwn(patterns, app) ? patterns[app] : undefined;
  if (pattern === undefined) return undefined;
  const name = stream.name.slice(0, NAME_MAX_CHARS);
  if (pattern.includes(GROUP)) return new RegExp(pattern, 'u').exec(name)?.groups?.room || undefined;
  const values: Readonly<Record<string, string>> = {
    streamName: name,
    app: stream.app ?? '',
    mediaSessionId: stream.mediaSessionId,
  };
  const room = pattern.replaceAll(
    /\{(streamName|app|mediaSessionId)\}/g,
    (_whole, element: string) => values[element] ?? '',
  );
  return room.slice(0, NAME_MAX_CHARS) || undefined;
}

/** Whether it is a pattern that `roomOf` can use: a regular expression where it has the group, and without unknown elements. */
export function isRoomPattern(pattern: string): boolean {
  if (!pattern.includes(GROUP))
    return !/[{}]/.test(pattern.replaceAll(/\{(streamName|app|mediaSessionId)\}/g, ''));
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
