import { checkNameRules, DEFAULT_NAME_RULES } from '../../functions/core/names/index.ts';
import { checkFormats } from '../../functions/core/settings/formats.ts';
import { FORMATS, type SettingsOverrides } from '../../functions/core/settings/settings.ts';
import { type HookFields, kindSwitch, type Translation, type WcsProperty, yesOrNo } from './translation.ts';

const MEGABYTE = 1024 * 1024;
const [MIN_RATE_HZ, MAX_RATE_HZ] = [8_000, 96_000];

const nothingToSet = (becomes: string) => (): Translation => ({ becomes });
const settings = (given: SettingsOverrides, becomes: string): Translation => ({ settings: given, becomes });
const hooks = (given: HookFields, becomes: string): Translation => ({ hooks: given, becomes });
const refused = (attention: string): Translation => ({ becomes: 'nothing', attention });

/**
 * Every property of WCS's manual that is about recording, and what it becomes here: the source of `npm run migrate` and
 * of the table in docs/from-wcs.md. They are applied in this order, so that what has priority in WCS comes later.
 */
export const WCS_PROPERTIES: readonly WcsProperty[] = [
  {
    name: 'record_streams',
    does: 'Records streams whose publishers ask for it. On by default.',
    becomes: '`hooks.recordStreams`',
    translate: yesOrNo((on) => hooks({ recordStreams: on }, `hooks.recordStreams: ${on}`)),
  },
  {
    name: 'record_flash_published_streams',
    does: 'Records all streams that are published by RTMP, or fetched from another RTMP server.',
    becomes: "`hooks.recordKinds.rtmp: 'always'`",
    translate: kindSwitch('rtmp'),
  },
  {
    name: 'record_rtsp_streams',
    does: 'Records all streams of RTSP cameras.',
    becomes: "`hooks.recordKinds.rtsp: 'always'`",
    translate: kindSwitch('rtsp'),
  },
  {
    name: 'record_mixer_streams',
    does: 'Records the output of all mixers.',
    becomes: "`hooks.recordKinds.mixer: 'always'`",
    translate: kindSwitch('mixer'),
  },
  {
    name: 'stream_record_policy',
    does: 'Names a file after the stream (`streamName`), or by the template (`template`, the default).',
    becomes: '`names.policy`',
    translate: (value) =>
      value === 'streamName' || value === 'template'
        ? settings({ names: { policy: value } }, `names.policy: ${value}`)
        : refused('it must be streamName or template'),
  },
  {
    name: 'stream_record_policy_template',
    does: 'The template of file names.',
    becomes: '`names.fileTemplate`, with the same elements and more ([names.md](names.md))',
    translate: fileTemplate,
  },
  {
    name: 'encode_record_name',
    does: 'Encodes characters of a stream name that a file name may not have.',
    becomes: 'always so; `names.encoding` says how',
    translate: yesOrNo((on) =>
      on
        ? settings({ names: { encoding: 'percent' } }, 'names.encoding: percent')
        : { becomes: 'nothing', attention: 'such characters are always encoded here, as %2F' },
    ),
  },
  {
    name: 'record_formats',
    does: 'Containers by video codec: `h264-mp4,vp8-webm`.',
    becomes: '`formats`; H.264 in WebM is not made, since players do not expect it',
    translate: formats,
  },
  {
    name: 'record_h264_to_ts',
    does: 'Records H.264 to MPEG-TS, whatever `record_formats` says.',
    becomes: '`formats.h264: ts`',
    translate: yesOrNo((on) =>
      on ? settings({ formats: { h264: 'ts' } }, 'formats.h264: ts') : { becomes: 'nothing: the default' },
    ),
  },
  {
    name: 'record_rotation',
    does: 'Begins a new file after so many seconds (`3600`), or megabytes (`20M`).',
    becomes: '`rotation`; all parts are numbered, the last one too',
    translate: rotation,
  },
  {
    name: 'record_audio_codec_sample_rate',
    does: 'Sample rate of recorded sound, 44,100 Hz by default.',
    becomes: '`audioSampleRateHz`',
    translate: (value) => {
      const rateHz = /^\d{4,6}$/.test(value) ? Number(value) : Number.NaN;
      return rateHz >= MIN_RATE_HZ && rateHz <= MAX_RATE_HZ
        ? settings({ audioSampleRateHz: rateHz }, `audioSampleRateHz: ${rateHz}`)
        : refused(`it must be a rate from ${MIN_RATE_HZ} to ${MAX_RATE_HZ} Hz`);
    },
  },
  {
    name: 'record_audio_codec_channels',
    does: 'Channels of recorded sound.',
    becomes: 'no equivalent: channels stay as they are published',
    translate: nothingToSet('nothing: channels stay as they are published'),
  },
  {
    name: 'record_fdk_aac_bitrate_mode',
    does: "Bit rate mode of WCS's AAC encoder.",
    becomes: 'no equivalent: sound is copied where it can be, and encoded by ffmpeg elsewhere',
    translate: nothingToSet('nothing: sound is copied where it can be'),
  },
  {
    name: 'record_audio_buffer_max_size',
    does: 'Packets of sound that are kept to compute the times of a record.',
    becomes: "no equivalent: times are the media's own",
    translate: nothingToSet("nothing: times are the media's own"),
  },
  {
    name: 'file_recorder_error_interval',
    does: 'Minutes in which errors are counted.',
    becomes:
      'no equivalent: a recording does not end by errors; a lost source is tried again (`reconnectWindowMs`)',
    translate: nothingToSet('nothing: a recording does not end by errors'),
  },
  {
    name: 'file_recorder_max_errors_per_interval',
    does: 'Errors after which a recording ends.',
    becomes: 'no equivalent, as above',
    translate: nothingToSet('nothing: a recording does not end by errors'),
  },
  {
    name: 'mp4_container_moov_first',
    does: 'Puts the index in front of the media of an MP4.',
    becomes: 'always so, for recovered records too',
    translate: nothingToSet('nothing: the index is always in front'),
  },
  {
    name: 'mp4_container_moov_first_reserve_space',
    does: 'Keeps room for the index, so that an interrupted record can be played.',
    becomes: 'always so, without a limit on its size',
    translate: nothingToSet('nothing: what was recorded can be played at every moment'),
  },
  {
    name: 'mp4_container_moov_reserved_space_size',
    does: 'Kilobytes of that room; when they are used up, a new file begins.',
    becomes: 'no equivalent: no room is needed, and no file begins for it',
    translate: nothingToSet('nothing: no room is needed'),
  },
  {
    name: 'enable_empty_shift_writer',
    does: 'Fills the beginning of records of a room, so that all are equally long.',
    becomes:
      'no equivalent: a record holds what its publisher sent; `GET /rooms/{room}` tells where each lies on one timeline',
    translate: nothingToSet('nothing: each part tells its own time of day'),
  },
  {
    name: 'on_record_hook_script',
    does: 'A script that runs when a record is finished.',
    becomes: '`ON_RECORD_HOOK` of `npm start`, `onRecordScript` of the construct',
    translate: (value) => ({ onRecordScript: value, becomes: `ON_RECORD_HOOK: ${value}` }),
  },
  {
    name: 'disable_rest_requests',
    does: 'Calls no REST hooks.',
    becomes: 'must be off: hooks tell which streams there are',
    translate: yesOrNo((on) =>
      on
        ? refused('remove this line: without REST hooks no stream registers itself')
        : { becomes: 'nothing: hooks are called' },
    ),
  },
  {
    name: 'rest_request_timeout',
    does: 'Seconds that WCS waits for the answer to a hook, 15 by default.',
    becomes: 'stays in WCS; a start that a hook makes is answered within some seconds',
    translate: (value) =>
      Number(value) < 10
        ? refused('a first call of a function may take some seconds: leave it at 15')
        : { becomes: 'nothing: it stays in WCS' },
  },
];

function fileTemplate(value: string): Translation {
  try {
    checkNameRules({ ...DEFAULT_NAME_RULES, fileTemplate: value });
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
  return settings({ names: { fileTemplate: value } }, `names.fileTemplate: ${value}`);
}

function formats(value: string): Translation {
  const taken: Record<string, (typeof FORMATS)[number]> = {};
  const problems: string[] = [];
  for (const pair of value.split(',').map((one) => one.trim())) {
    const [codec = '', container = ''] = pair.split('-');
    const format = FORMATS.find((one) => one === container);
    try {
      if (!/^[a-z0-9]+$/.test(codec) || format === undefined)
        throw new Error(`"${pair}" is no codec-container`);
      checkFormats({ [codec]: format });
      taken[codec] = format;
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  const said = Object.entries(taken).map(([codec, format]) => `formats.${codec}: ${format}`);
  return {
    ...(said.length === 0 ? {} : { settings: { formats: taken } }),
    becomes: said.length === 0 ? 'nothing' : said.join(', '),
    ...(problems.length === 0 ? {} : { attention: problems.join('; ') }),
  };
}

function rotation(value: string): Translation {
  const [, digits, unit] = /^(\d{1,9})(M?)$/.exec(value) ?? [];
  if (value === 'disabled' || Number(digits) === 0) {
    return settings({ rotation: { kind: 'none' } }, 'rotation: off');
  }
  if (digits === undefined) return refused('it must be seconds, such as 3600, or megabytes, such as 20M');
  const amount = Number(digits);
  return unit === 'M'
    ? settings({ rotation: { kind: 'size', everyBytes: amount * MEGABYTE } }, `rotation: every ${amount} MB`)
    : settings({ rotation: { kind: 'time', everyMs: amount * 1000 } }, `rotation: every ${amount} s`);
}
