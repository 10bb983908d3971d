import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipes } from './recorder.js';

/** A line of the product that sends a command to a host: `adapters/host/marker.ts:25`. */
export type Place = string;

const sends =
  /(?<![\w.])(?:execute|runEtcdctl|runKubectl|apiGet|writeFile|removeFile)\(|\bhost(?:s\.host\(.*\))?\.run\(/;
const isCode = (line: string): boolean => !/^\s*(\*|\/\*|\/\/|import\b)/.test(line);

/** Every place in the adapters and activities from which a command goes to a host. */
export const sendingPlaces = (folders = ['adapters', 'activities']): Place[] =>
  folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((file) => join(folder, file))
      .filter((file) => file.endsWith('.ts') && !pipes.test(file))
      .toSorted()
      .flatMap((file) =>
        readFileSync(file, 'utf8')
          .split('\n')
          .flatMap((line, index) => (isCode(line) && sends.test(line) ? [`${file}:${index + 1}`] : [])),
      ),
  );
