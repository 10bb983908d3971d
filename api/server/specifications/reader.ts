import { createHash } from 'node:crypto';
import pLimit, { type LimitFunction } from 'p-limit';
import type { SpecificationText } from '../../client/client.js';
import type { ParsedSpecification } from '../../client/specification-file.js';
import type { Caller } from '../access/caller.js';
import { ApiProblem } from '../problems/api-problem.js';
import { createReaderThread, TooMuch, type ReaderThreadLimits } from './reader-thread.js';

/** Reads specifications that strangers wrote, beside the event loop that serves everybody. */
export interface SpecificationReader {
  /** @throws ApiProblem (too-many-requests) when as many of that caller wait as may. */
  readonly read: (caller: Caller, specification: SpecificationText) => Promise<ParsedSpecification>;
  readonly end: () => Promise<void>;
}

interface ReaderLimits extends ReaderThreadLimits {
  /** Readings at the same time, of different callers; each takes a core for as long as it takes. */
  readonly threads: number;
  /** Readings of one caller that wait for those before them. */
  readonly waiting: number;
}

/** A specification of a thousand hosts takes a quarter of a second. */
const defaults: ReaderLimits = { mostMs: 2_000, heapMb: 96, threads: 2, waiting: 60 };

/** Often many requests in a row are about one specification. */
const rememberedAtMost = 16;
/** Characters; of about two thousand hosts. */
const longestRemembered = 100_000;

/**
 * A text of some hundred kilobytes can be made so that it takes minutes and gigabytes. So texts are read in threads that
 * end when one takes too long or too much, and one at a time of each caller, who thus waits for his own.
 */
export const createSpecificationReader = (limits: Partial<ReaderLimits> = {}): SpecificationReader => {
  const { threads, waiting, ...ofThread } = { ...defaults, ...limits };
  const idle = Array.from({ length: threads }, () => createReaderThread(ofThread));
  const all = [...idle];
  const anyThread = pLimit(threads);
  const ofCaller = new Map<string, LimitFunction>();
  const remembered = new Map<string, Promise<ParsedSpecification>>();

  const readNow = async (specification: SpecificationText): Promise<ParsedSpecification> => {
    const thread = idle.pop();
    if (thread === undefined) throw new Error('more readings than threads');
    try {
      return await thread.read(specification);
    } catch (error) {
      if (!(error instanceof TooMuch)) throw error;
      const { file } = specification;
      const instead = 'write one cluster as examples/ show it; split one of thousands of hosts';
      return { ok: false, problems: [{ file, line: 1, column: 1, path: '', message: error.message, instead }] };
    } finally {
      idle.push(thread);
    }
  };

  const inTurn = async (name: string, specification: SpecificationText): Promise<ParsedSpecification> => {
    const own = ofCaller.get(name) ?? pLimit(1);
    if (own.activeCount + own.pendingCount > waiting) {
      throw new ApiProblem('too-many-requests', `${own.pendingCount} specifications of this caller wait to be read.`, {
        remedy: 'Send the next one when those are answered.',
        headers: { 'retry-after': '5' },
      });
    }
    ofCaller.set(name, own);
    try {
      return await own(() => anyThread(() => readNow(specification)));
    } finally {
      if (own.activeCount + own.pendingCount === 0) ofCaller.delete(name);
    }
  };

  return {
    read: ({ name = '' }, { text, file }) => {
      if (text.length > longestRemembered) return inTurn(name, { text, file });
      const key = createHash('sha256')
        .update(JSON.stringify([file, text]))
        .digest('base64');
      const known = remembered.get(key);
      if (known !== undefined) return known;
      const reading = inTurn(name, { text, file });
      remembered.set(key, reading);
      // What says nothing about the text is not kept.
      reading.catch(() => remembered.delete(key));
      if (remembered.size > rememberedAtMost) remembered.delete([...remembered.keys()][0] ?? '');
      return reading;
    },
    end: async () => {
      await Promise.all(all.map((thread) => thread.end()));
    },
  };
};
