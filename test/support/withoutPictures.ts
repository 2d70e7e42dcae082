/**
 * `recordingDefaults` of tests that are about something else: a picture costs a run of ffmpeg, and lies where they count
 * objects.
 */
export const WITHOUT_PICTURES = '{"pictures":false}';
