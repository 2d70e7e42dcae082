/** A line of an on-record script that does not work in the same way, or is not needed. */
export interface ScriptRemark {
  readonly line: number;
  readonly text: string;
  readonly remark: string;
}

interface ScriptRule {
  readonly pattern: RegExp;
  readonly remark: string;
}

/** What Lambda's image (Amazon Linux 2023 with Node) does not have, of what such scripts call. */
const NOT_IN_LAMBDA = [
  'ffmpeg',
  'ffprobe',
  'mysql',
  'psql',
  'rsync',
  'scp',
  'ssh',
  'wget',
  'php',
  'aws',
  's3cmd',
];

const RULES: readonly ScriptRule[] = [
  {
    pattern: /\bsudo\b/,
    remark: 'sudo is not needed: the script owns its file; it is not there in AWS',
  },
  {
    pattern: /\/var\/www\/html\/stream_records/,
    remark: 'not needed: each record is in the library by itself, below stream_records/',
  },
  {
    pattern: new RegExp(`(^|[\\s;&|(])(${NOT_IN_LAMBDA.join('|')})(?=\\s|$)`),
    remark: "this program is not in Lambda's image; on your own machine it is what you have installed",
  },
  {
    pattern: /(^|\s|["'=])\/(usr|opt|home|var|mnt|data|srv)\//,
    remark:
      'only /tmp can be written in AWS, and it is gone after the run; on your own machine this is yours',
  },
  {
    pattern: /WCS_HOME|FlashphonerWebCallServer/,
    remark: 'there is no WCS folder beside the script: $2 says where the record is',
  },
];

/** What to look at in an on-record script of WCS before it runs here. */
export function scriptRemarks(script: string): readonly ScriptRemark[] {
  const lines = script.split(/\r?\n/);
  const first = lines[0] ?? '';
  const remarks: ScriptRemark[] = first.startsWith('#!')
    ? []
    : [
        {
          line: 1,
          text: first,
          remark: 'it must begin with #!, such as #!/bin/bash: it is run as a program',
        },
      ];
  for (const [index, line] of lines.entries()) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    for (const { pattern, remark } of RULES) {
      if (pattern.test(text)) remarks.push({ line: index + 1, text, remark });
    }
  }
  return remarks;
}
