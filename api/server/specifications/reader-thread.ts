import { Worker } from 'node:worker_threads';
import type { SpecificationText } from '../../client/client.js';
import type { ParsedSpecification } from '../../client/specification-file.js';

/** One that took more than it may have; `what` is in words that follow "reading it takes". */
export class TooMuch extends Error {
  override readonly name = 'TooMuch';
  constructor(readonly what: string) {
    super(`reading it takes ${what}`);
  }
}

export interface ReaderThread {
  /**
   * Reads one specification; the next one when that is over.
   * @throws TooMuch, after which the thread has ended and the next reading begins another.
   */
  readonly read: (specification: SpecificationText) => Promise<ParsedSpecification>;
  /** Ends the thread; what it reads is rejected. */
  readonly end: () => Promise<void>;
}

export interface ReaderThreadLimits {
  /** Time for one reading, milliseconds. */
  readonly mostMs: number;
  /** Heap of the thread, MiB. */
  readonly heapMb: number;
}

/** Threads run compiled code only; what runs from its sources (a test) takes that of the build beside them. */
const program = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/api/server/specifications/in-thread.js', import.meta.url)
  : new URL('./in-thread.js', import.meta.url);

/** Loading its modules on a machine that is busy, milliseconds. */
const startMs = 30_000;

/** A thread that reads specifications: begun with the first one, and again after one that took too much. */
export const createReaderThread = ({ mostMs, heapMb }: ReaderThreadLimits): ReaderThread => {
  let thread: Worker | undefined;

  /** The next message; a thread that fails, ends or says nothing in time is ended. */
  const answerOf = <Answer>(worker: Worker, ms: number): Promise<Answer> =>
    new Promise<Answer>((resolve, reject) => {
      const over = (): void => {
        clearTimeout(timer);
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      };
      const fail = (error: Error): void => {
        over();
        if (thread === worker) thread = undefined;
        void worker.terminate();
        reject(error);
      };
      const onMessage = (answer: Answer): void => {
        over();
        resolve(answer);
      };
      const onError = (error: NodeJS.ErrnoException): void =>
        fail(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? new TooMuch(`more than ${heapMb} MiB of memory`) : error);
      const onExit = (): void => fail(new Error('the thread that reads specifications has ended'));
      const timer = setTimeout(() => fail(new TooMuch(`more than ${mostMs / 1_000} s`)), ms);
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    });

  const started = async (): Promise<Worker> => {
    if (thread !== undefined) return thread;
    const worker = new Worker(program, {
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
      // What the process has in its environment is none of it.
      env: {},
      execArgv: [],
    });
    thread = worker;
    // Also while nobody waits for it: an error without a listener would end the process.
    worker.on('error', () => {});
    worker.once('exit', () => {
      if (thread === worker) thread = undefined;
    });
    worker.unref();
    await answerOf(worker, startMs);
    return worker;
  };

  return {
    read: async ({ text, file }) => {
      const worker = await started();
      const answer = answerOf<ParsedSpecification>(worker, mostMs);
      worker.postMessage({ text, file });
      return answer;
    },
    end: async () => {
      const ending = thread;
      thread = undefined;
      await ending?.terminate();
    },
  };
};
