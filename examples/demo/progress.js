import { SingleBar } from 'cli-progress';

/** A progress bar on a terminal; elsewhere one line at the beginning. */
export function openProgress(title, total, unit) {
  if (!process.stderr.isTTY) {
    console.log(title);
    return { update() {}, stop() {} };
  }
  const bar = new SingleBar({
    format: `${title}  {bar} {percentage} %  {value}/{total} ${unit}`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: false,
  });
  bar.start(total, 0);
  return {
    update: (value) => bar.update(value),
    stop() {
      bar.update(total);
      bar.stop();
    },
  };
}
