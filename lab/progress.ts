/** Told in one line what is being done. */
export type Progress = (line: string) => void;

/** Runs a piece of work and tells how long it took. */
export async function timed<T>(progress: Progress, title: string, work: () => Promise<T>): Promise<T> {
  progress(title);
  const started = Date.now();
  const result = await work();
  progress(`${title}: done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return result;
}
