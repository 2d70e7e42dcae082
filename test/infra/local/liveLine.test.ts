import { expect, it } from 'vitest';
import { fitted } from '../../../clients/cli/terminalText.ts';
import { DEFAULT_SETTINGS } from '../../../functions/core/settings/settings.ts';
import { attemptKey, jobKey } from '../../../functions/core/state/keys.ts';
import { LiveLine, runningLine } from '../../../infra/local/liveLine.ts';
import { MemoryStore } from '../../support/memoryStore.ts';

const NOW_MS = 1_000_000;

it('says which recordings run, for how long and with what bitrate, as they told last', async () => {
  const store = new MemoryStore();
  const line = new LiveLine(store);
  await line.read([]);
  expect(line.text(NOW_MS)).toBe('');
  const job = {
    ...{
      recordingId: 'R1',
      mediaSessionId: 'm',
      requestedAtMs: 1,
      requestId: 'r',
      settings: DEFAULT_SETTINGS,
    },
    ...{ source: { url: 'rtmp://media/live/a' }, stream: { name: 'hall\n1' } },
  };
  store.put(jobKey('R1'), job);
  await line.read(['R1']);
  expect(line.text(NOW_MS)).toBe('● hall\\u{a}1 starts');
  store.put(attemptKey('R1', 1, 'claim'), { attempt: 1, claimedAtMs: 2 });
  store.put(attemptKey('R1', 1, 'progress'), {
    ...{ attempt: 1, atMs: NOW_MS - 2_000, part: 1, bytes: 1, uploadedBytes: 1, durationMs: 721_000 },
    ...{ bitrateBps: 2_400_000, fps: 25, tailAgeMs: 0, spoolBytes: 0 },
  });
  // One that was deleted this moment.
  await line.read(['R1', 'R2']);
  expect(line.text(NOW_MS)).toBe('● 2 recordings: hall\\u{a}1 12:03 2.4 Mbit/s · 1 more');
  store.before = () => {
    throw new Error('S3 is away');
  };
  await expect(line.read(['R1', 'R2'])).rejects.toThrow('S3 is away');
  expect(line.text(NOW_MS)).toBe('● 2 recordings');
});

it('is one line, whatever the names are: wide characters take two columns', () => {
  const names = ['カメラ一号機', '👨‍👩‍👧‍👦 family', 'plain'];
  const shown = names.map((streamName) => ({
    streamName,
    atMs: NOW_MS,
    durationMs: 1_000,
    bitrateBps: 900_000,
  }));
  const text = runningLine(3, shown, NOW_MS);
  expect(text).toBe(
    '● 3 recordings: カメラ一号機 0:01 900 kbit/s · 👨‍👩‍👧‍👦 family 0:01 900 kbit/s · plain 0:01 900 kbit/s',
  );
  expect(fitted(text, 25)).toBe('● 3 recordings: カメラ一…');
  expect(fitted(text, 24)).toBe('● 3 recordings: カメラ…');
  expect(fitted(text, 200)).toBe(text);
});
