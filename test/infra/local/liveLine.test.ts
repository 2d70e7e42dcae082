import { expect, it } from 'vitest';
import { fitted } from '../../../clients/cli/terminalText.ts';
import { ApiError, type Recording } from '../../../clients/typescript/client.ts';
import { LiveLine, runningLine } from '../../../infra/local/liveLine.ts';

const NOW_MS = 1_000_000;

it('says which recordings run, for how long and with what bitrate, as they told last', async () => {
  const answers = new Map<string, Partial<Recording>>();
  let fault = new ApiError('There is none.', { status: 404, code: 'recording_not_found' });
  const line = new LiveLine({
    recording: async (recordingId) => {
      const answer = answers.get(recordingId);
      if (answer === undefined) throw fault;
      return answer as Recording;
    },
  });
  await line.read([]);
  expect(line.text(NOW_MS)).toBe('');
  answers.set('R1', { streamName: 'hall\n1' });
  await line.read(['R1']);
  expect(line.text(NOW_MS)).toBe('● hall\\u{a}1 starts');
  answers.set('R1', {
    streamName: 'hall\n1',
    progress: {
      ...{
        at: new Date(NOW_MS - 2_000).toISOString(),
        part: 1,
        bytes: 1,
        uploadedBytes: 1,
        durationMs: 721_000,
      },
      ...{ bitrateBps: 2_400_000, fps: 25, tailAgeMs: 0, spoolBytes: 0 },
    },
  } as Partial<Recording>);
  // One of them was deleted this moment.
  await line.read(['R1', 'R2']);
  expect(line.text(NOW_MS)).toBe('● 2 recordings: hall\\u{a}1 12:03 2.4 Mbit/s · 1 more');
  fault = new ApiError('The API does not answer.', { status: 0, code: 'unreachable' });
  await expect(line.read(['R1', 'R2'])).rejects.toThrow('does not answer');
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
