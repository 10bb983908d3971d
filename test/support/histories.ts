import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
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

export const recordedScenarios = (): string[] =>
  readdirSync(historiesFolder)
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(0, -suffix.length));

export const readHistories = (scenario: string): RecordedHistory[] =>
  JSON.parse(gunzipSync(readFileSync(join(historiesFolder, scenario + suffix))).toString()) as RecordedHistory[];

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
