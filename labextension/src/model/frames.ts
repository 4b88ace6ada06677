/** Frames of Python stacks, as drivers tell them: `File "a.py", line 3, in f`, then the source. */

/** Where libraries lie; a folder of the user's may be called as ours is. */
const LIBRARY =
  /(?:site|dist)-packages\/|\/lib\/python3[\d.]*\/|<frozen |^File "<string>"/;

/** Files of ours where they are not installed but worked on. */
const OURS =
  /\/pyspark_shell\/(?:api|common|driver|engines|executor|hadoop|lineage|listener|rest|scheduler|server_extension|shared_variables|shell|shuffle|statistics|status|storage|widgets)\/\w+\.py", line/;

const FRAME = /^File "(.+)", line (\d+), in (.*)/;

/** Whether a frame is not the user's. */
export function isLibrary(frame: string): boolean {
  return LIBRARY.test(frame) || OURS.test(frame);
}

/** A frame in few characters: the file's name without its folders, the line, the function. */
export function inShort(frame: string): string {
  const [head, ...source] = frame.split('\n');
  const found = FRAME.exec(head);
  if (!found) {
    return frame;
  }
  const file = found[1].split('/').pop();
  return [`${file}:${found[2]}, in ${found[3]}`, ...source].join('\n');
}

/** The frames of a last stack: a line of code belongs to the place above it. */
export function framesOf(lastStack: string[]): string[] {
  const frames: string[] = [];
  for (const line of lastStack) {
    if (frames.length && !line.trimStart().startsWith('File ')) {
      frames[frames.length - 1] += `\n${line}`;
    } else {
      frames.push(line.trim());
    }
  }
  return frames;
}

/** Where a last stack stands: the innermost frame that is the user's, else the innermost. */
export function placeOf(lastStack: string[]): string {
  const frames = framesOf(lastStack);
  const own = frames.filter(frame => !isLibrary(frame));
  return (own.length ? own : frames).at(-1) ?? '';
}
