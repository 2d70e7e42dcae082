import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe } from 'vitest';

/** GStreamer's RTSP server, for system Python, with what it needs to send an FLV stream over RTSP and TLS. */
const IMPORT_GST_RTSP_SERVER = `
import gi
gi.require_version('GstRtspServer', '1.0')
from gi.repository import Gio, Gst, GstRtspServer
Gst.init(None)
needed = ['souphttpsrc', 'flvdemux', 'h264parse', 'aacparse', 'rtph264pay', 'rtpmp4gpay']
assert all(Gst.ElementFactory.find(name) for name in needed)
assert Gio.TlsBackend.get_default().supports_tls()
`;

/** Programs that some tests drive, how to see whether they are there, and the Debian package each comes with. */
export const TOOLS = {
  ffmpeg: { package: 'ffmpeg', present: () => runs('ffmpeg', ['-version']) && runs('ffprobe', ['-version']) },
  nginxRtmp: {
    package: 'libnginx-mod-rtmp',
    present: () => existsSync('/usr/lib/nginx/modules/ngx_rtmp_module.so') && runs('nginx', ['-v']),
  },
  gstRtspServer: {
    package: 'gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good python3-gi glib-networking',
    present: () => runs('/usr/bin/python3', ['-c', IMPORT_GST_RTSP_SERVER]),
  },
  chromium: { package: 'chromium', present: () => runs('chromium', ['--version']) },
  aws: { package: 'awscli', present: () => runs('aws', ['--version']) },
} as const;
export type Tool = keyof typeof TOOLS;

function runs(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** What was found to be there, by the process of vitest that runs the files: one look is enough for all of them. */
const FOUND = path.resolve(import.meta.dirname, '../../node_modules/.cache/tools-found.json');

/** Whether tests may drive it. */
export function isThere(tool: Tool): boolean {
  const found = foundBefore();
  if (found.includes(tool)) return true;
  if (!TOOLS[tool].present()) return false;
  mkdirSync(path.dirname(FOUND), { recursive: true });
  writeFileSync(FOUND, JSON.stringify({ run: process.ppid, found: [...found, tool] }));
  return true;
}

function foundBefore(): readonly string[] {
  try {
    const { run, found } = JSON.parse(readFileSync(FOUND, 'utf8')) as { run: number; found: string[] };
    return run === process.ppid ? found : [];
  } catch {
    // None has looked, or another one is writing: whoever does not know looks for himself.
    return [];
  }
}

/**
 * `describe` for tests that drive real programs. Where one is missing they are skipped with a line that says what and
 * why; in CI, which installs all of them, a missing one is a failure.
 */
export function describeWith(tools: readonly Tool[], name: string, body: () => void): void {
  const missing = tools.filter((tool) => !isThere(tool));
  if (missing.length === 0) {
    describe(name, body);
    return;
  }
  const packages = missing.map((tool) => TOOLS[tool].package).join(' ');
  const line = `${name}: ${missing.join(', ')} missing (apt-get install ${packages})`;
  if (process.env.CI === 'true') throw new Error(line);
  console.warn(`skipped: ${line}`);
  describe.skip(name, body);
}
