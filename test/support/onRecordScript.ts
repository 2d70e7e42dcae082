import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { waitFor } from './children.ts';

/** An on-record script as in WCS's manual: it copies the record to where a web server shows it, and is noted. */
export class OnRecordScript {
  /** What `on_record_hook_script` would name. */
  readonly file: string;
  /** Where it copies records: the manual's `/var/www/html/stream_records`. */
  readonly target: string;
  readonly #runs: string;

  constructor(folder: string, name = 'on_record_hook.sh') {
    this.file = path.join(folder, name);
    this.target = path.join(folder, 'html', 'stream_records');
    this.#runs = path.join(folder, 'runs.txt');
    mkdirSync(this.target, { recursive: true });
    const lines = [
      '#!/bin/bash',
      'set -e',
      'STREAM_NAME=$1',
      'SRC_FILE=$2',
      `cp "$SRC_FILE" '${this.target}/'`,
      `printf '%s\\t%s\\n' "$STREAM_NAME" "$SRC_FILE" >> '${this.#runs}'`,
    ];
    writeFileSync(this.file, `${lines.join('\n')}\n`);
    chmodSync(this.file, 0o755);
  }

  /** `$2` of its first run for a stream, once it has run. */
  ranFor(streamName: string): Promise<string> {
    return waitFor(`the on-record script for ${streamName}`, () => {
      const text = existsSync(this.#runs) ? readFileSync(this.#runs, 'utf8') : '';
      const run = text.split('\n').find((line) => line.startsWith(`${streamName}\t`));
      return run?.slice(streamName.length + 1);
    });
  }
}
