import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootFolderOf } from '../../../lab/index.js';
import type { LabHost } from '../../../lab/index.js';
import type { Moment, MomentOptions } from '../../scenarios/site.js';
import { evidenceExists } from '../../support/verdict-moments.js';

/** Short against what any program needs to start. */
const lookEveryMs = 5;

/** Files below a folder of a host, by their paths there; read from the outside, so that the host does nothing for it. */
const filesBelow = (root: string, folder: string): string[] => {
  const outside = join(root, folder);
  if (!existsSync(outside)) return [];
  return readdirSync(outside, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
};

/** Stops the host and does something as soon as a file below a folder is as it should be. */
const when = (
  host: LabHost,
  folder: string,
  {
    what,
    look,
    work,
    hostGoesOn = false,
  }: MomentOptions & {
    what: string;
    look: (path: string, read: () => string) => boolean;
    work: () => Promise<void>;
  },
): Moment => {
  let working: Promise<void> | undefined;
  const begin = async (): Promise<void> => {
    if (!hostGoesOn) host.freeze();
    try {
      await work();
    } finally {
      if (!hostGoesOn) host.thaw();
    }
  };
  const isThere = (): boolean => {
    const root = rootFolderOf(host);
    if (root === undefined) return false;
    try {
      return filesBelow(root, folder).some((path) => look(path, () => readFileSync(join(root, path), 'utf8')));
    } catch {
      // It went away meanwhile.
      return false;
    }
  };
  const timer = setInterval(() => {
    if (!isThere()) return;
    clearInterval(timer);
    evidenceExists('fault');
    working = begin();
    working.catch(() => undefined);
  }, lookEveryMs);
  timer.unref();
  return {
    done: async () => {
      clearInterval(timer);
      if (working === undefined) throw new Error(`it never came to this on ${host.name}: ${what}`);
      await working;
    },
  };
};

/** Notes when kubeadm, of an operation that begins now, gives up: it prints its error. @returns what ends the watch */
export const watchKubeadm = (host: LabHost): (() => void) => {
  const logs = (): string[] => {
    const root = rootFolderOf(host);
    return root === undefined ? [] : filesBelow(root, '/var/log/quorate').map((path) => join(root, path));
  };
  const known = new Set(logs());
  const timer = setInterval(() => {
    try {
      for (const log of logs()) {
        if (known.has(log) || !/^error: /m.test(readFileSync(log, 'utf8'))) continue;
        known.add(log);
        evidenceExists('kubeadm');
      }
    } catch {
      // It went away meanwhile.
    }
  }, lookEveryMs);
  timer.unref();
  return () => clearInterval(timer);
};

export const whenPrinted = (
  host: LabHost,
  text: string,
  work: () => Promise<void>,
  options: MomentOptions = {},
): Moment =>
  when(host, '/var/log/quorate', {
    ...options,
    what: `a unit prints "${text}"`,
    look: (_path, read) => read().includes(text),
    work,
  });

export const whenWritten = (
  host: LabHost,
  folder: string,
  pattern: RegExp,
  work: () => Promise<void>,
  options: MomentOptions = {},
): Moment => when(host, folder, { ...options, what: `a file ${pattern}`, look: (path) => pattern.test(path), work });
