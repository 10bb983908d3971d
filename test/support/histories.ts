import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

/** One run as `historyToJSON` writes it, parsed. */
export interface RecordedHistory {
  readonly workflowId: string;
  readonly history: { readonly events: readonly Record<string, unknown>[] };
}

const suffix = '.json.gz';

/** `test/histories`, also from the compiled recorder in `dist/`. */
export const historiesFolder = join(
  fileURLToPath(new URL('.', import.meta.url)).replace(/[/\\]dist([/\\]test[/\\]support[/\\])$/, '$1'),
  '../histories',
);

/** Runs of one scenario, in a file. */
export interface Recording {
  readonly scenario: string;
  /** Version that was released with the code that recorded it, such as `v0.1.0`: it is never recorded again. */
  readonly release?: string;
}

const scenariosIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(0, -suffix.length));

/** Everything that is recorded: of the present code, and of each release in `released/VERSION` below it. */
export const recordings = (folder = historiesFolder): Recording[] => {
  const released = join(folder, 'released');
  return [
    ...scenariosIn(folder).map((scenario) => ({ scenario })),
    ...(existsSync(released) ? readdirSync(released) : []).flatMap((release) =>
      scenariosIn(join(released, release)).map((scenario) => ({ scenario, release })),
    ),
  ];
};

export const readHistories = ({ scenario, release }: Recording, folder = historiesFolder): RecordedHistory[] => {
  const file = join(folder, ...(release === undefined ? [] : ['released', release]), scenario + suffix);
  return JSON.parse(gunzipSync(readFileSync(file)).toString()) as RecordedHistory[];
};

/** Where and by whom it was recorded says nothing about the workflows. */
const forgotten = new Set(['identity', 'stackTrace', 'binaryChecksum', 'workerVersion']);

export const writeHistories = (scenario: string, histories: readonly RecordedHistory[]): void => {
  const text = JSON.stringify(histories, (key, value: unknown) => {
    if (forgotten.has(key)) return undefined;
    // A worker's own task queue is named after its process and machine.
    return key === 'name' && typeof value === 'string' && /^\d+@/.test(value) ? 'sticky' : value;
  });
  writeFileSync(join(historiesFolder, scenario + suffix), gzipSync(text, { level: 9 }));
};
