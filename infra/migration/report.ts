import { DEFAULT_NAME_RULES } from '../../functions/core/names/index.ts';
import { scriptRemarks } from './hookScript.ts';
import type { MigratedProperty, Migration } from './migration.ts';

export interface ScriptFile {
  /** As it was given. */
  readonly path: string;
  readonly text: string;
}

/** Where streams are fetched and which secret a hook has is not in WCS's file: `hooks` has these to fill in. */
const TO_FILL_IN = {
  secretsSha256: ['SHA-256 of your secret'],
  sources: { '*': 'rtmp://YOUR-WCS-SERVER:1935/live/{streamName}' },
  wcsServers: ['http://YOUR-WCS-SERVER:8081'],
};

/** `npm start` names files otherwise where nothing is said; in AWS WCS's callers get WCS's names. */
const WCS_NAMES = { names: { fileTemplate: DEFAULT_NAME_RULES.fileTemplate } };

/** What `npm run migrate` prints: settings, table, what to set in WCS. */
export function migrationReport(migration: Migration, script?: ScriptFile): string {
  return [
    ...settingsSection(migration, script),
    ...tableSection(migration),
    ...(script === undefined ? [] : scriptSection(script)),
    ...wcsSection(),
  ].join('\n');
}

function settingsSection(
  { recordingDefaults, hooks, onRecordScript }: Migration,
  script?: ScriptFile,
): string[] {
  const filled = { ...TO_FILL_IN, ...hooks };
  const hookScript = script?.path ?? onRecordScript;
  const variables = [
    `RECORDING_DEFAULTS=${quoted(JSON.stringify({ ...WCS_NAMES, ...recordingDefaults }))}`,
    `STREAM_HOOKS=${quoted(JSON.stringify(filled))}`,
    ...(hookScript === undefined ? [] : [`ON_RECORD_HOOK=${quoted(hookScript)}`]),
  ];
  return [
    '1. Settings that do the same',
    '',
    'On one machine:',
    '',
    ...variables.map((variable) => `${variable} \\`),
    'npm start',
    '',
    'In AWS:',
    '',
    "new StreamRecorder(this, 'Recorder', {",
    `  recordingDefaults: ${asTypeScript(recordingDefaults)},`,
    `  hooks: ${asTypeScript(filled)},`,
    ...(hookScript === undefined ? [] : [`  onRecordScript: ${JSON.stringify(hookScript)},`]),
    '});',
    '',
  ];
}

function tableSection({ properties, broken, others }: Migration): string[] {
  const rows = properties.map((property) => [
    String(property.line),
    property.name,
    property.value,
    property.becomes,
    property.attention === undefined ? '' : `! ${property.attention}`,
  ]);
  const header = ['line', 'property', 'value', 'becomes', 'look at'];
  const recording =
    properties.length === 0 ? ['No property of recording was found.'] : table([header, ...rows]);
  const unread = broken.map(({ line, text, why }) => `line ${line} cannot be read, ${why}: ${text}`);
  const attention = properties.filter(needsAttention).length + broken.length;
  return [
    '2. What was found',
    '',
    ...recording,
    ...(unread.length === 0 ? [] : ['', ...unread]),
    '',
    `${count(attention, 'line')} to look at; ${count(others, 'other property', 'other properties')} no matter of recording.`,
    '',
  ];
}

const needsAttention = (property: MigratedProperty): boolean => property.attention !== undefined;

function scriptSection({ path, text }: ScriptFile): string[] {
  const remarks = scriptRemarks(text);
  const lines = remarks.map(({ line, text: found, remark }) => `line ${line}, ${remark}: ${found}`);
  return [
    `The on-record script ${path} runs as it is, with $1 stream name and $2 file, which is removed when it has ended.`,
    ...lines,
    '',
  ];
}

function wcsSection(): string[] {
  return [
    '3. What to set in WCS',
    '',
    'A secret for its hooks; Stream Recorder knows only the hash:',
    '',
    '  SECRET=$(openssl rand -hex 32); printf %s $SECRET | sha256sum',
    '',
    "In WCS's command line (ssh -p 2001 admin@YOUR-WCS-SERVER), for each application whose streams are recorded:",
    '',
    '  update app defaultApp YOUR-API-URL/hooks/YOUR-SECRET/wcs',
    '  add app-rest-method -a defaultApp',
    '',
    'In flashphoner.properties, so that a stream is not recorded twice:',
    '',
    '  record_streams=false',
    '',
    'Clients of /rest-api/stream/startRecording and the other methods go on with another host name. docs/from-wcs.md',
    'tells the rest.',
  ];
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}${n === 1 ? ' is' : ' are'}`;
}

/** For a shell: nothing in it means anything. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function asTypeScript(value: unknown): string {
  return JSON.stringify(value, null, 2)
    .replaceAll(/^(\s*)"([a-zA-Z]\w*)":/gm, '$1$2:')
    .replaceAll('\n', '\n  ');
}

/** Columns as wide as their longest text. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
