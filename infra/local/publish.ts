/** ffmpeg's arguments for a test stream: a moving picture with a clock, and a tone. */
export function testStreamArguments(url: string): string[] {
  return [
    ...['-nostdin', '-loglevel', 'error'],
    ...['-re', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25'],
    ...['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '50', '-pix_fmt', 'yuv420p'],
    ...['-c:a', 'aac', '-ac', '2', '-f', 'flv', url],
  ];
}
