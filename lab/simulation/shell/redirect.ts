import type { Redirect, Redirection } from 'unbash';
import { FileError } from '../files/file-error.js';
import { joinPath } from '../files/file-system.js';
import { OpenFile, OpenVirtualFile } from '../files/open-file.js';
import { nothing, TextDescription } from '../system/description.js';
import type { Description } from '../system/description.js';
import type { Process } from '../system/process.js';
import { ShellError } from './control.js';
import { openSocket } from './sockets.js';
import type { Shell } from './shell.js';
import type { Words } from './expansion/words.js';

type Mode = 'read' | 'write' | 'append' | 'both';

const modes: Readonly<Record<string, Mode>> = {
  '<': 'read',
  '>': 'write',
  '>|': 'write',
  '>>': 'append',
  '<>': 'both',
  '&>': 'write',
  '&>>': 'append',
};

/** Opens a file for a process. @throws FileError */
export const openFile = (process: Process, path: string, mode: Mode): Description => {
  const { files } = process.machine;
  const shared = /^\/dev\/(?:fd\/(\d+)|std(in|out|err))$/.exec(path);
  if (shared !== null) {
    const [, number, name] = shared;
    const descriptor = number === undefined ? ['in', 'out', 'err'].indexOf(name ?? '') : Number(number);
    const found = process.descriptors.get(descriptor);
    if (found === undefined) throw new FileError('ENOENT', path);
    return found.retain();
  }
  if (path === '/dev/null') return nothing();
  if (path === '/dev/zero' || path === '/dev/urandom') throw new FileError('EINVAL', path);
  const absolute = joinPath(process.directory, path);
  if (mode === 'read') {
    const inode = files.inode(absolute);
    if (inode.kind === 'virtual-file') return new OpenVirtualFile(process.machine, inode);
    if (inode.kind !== 'file') throw new FileError('EISDIR', path);
    return new OpenFile(process.machine, absolute, inode, { append: false });
  }
  const inode = files.openForWriting(absolute, 0o666 & ~process.umask);
  if (inode.kind === 'virtual-file') return new OpenVirtualFile(process.machine, inode);
  if (mode === 'write' && inode.content !== '') files.store(absolute, inode, '');
  return new OpenFile(process.machine, absolute, inode, { append: mode === 'append' });
};

const numberOf = (redirection: Redirection): number | undefined =>
  redirection.descriptor?.type === 'FileDescriptor' ? redirection.descriptor.value : undefined;

const put = (process: Process, descriptor: number, description: Description | undefined): void => {
  process.descriptors.get(descriptor)?.release();
  if (description === undefined) process.descriptors.delete(descriptor);
  else process.descriptors.set(descriptor, description);
};

const duplicate = async (shell: Shell, words: Words, redirect: Redirect, own: number): Promise<void> => {
  const { process } = shell;
  const target = await words.text(shell, redirect.target);
  if (target === '-') return put(process, own, undefined);
  if (!/^\d+$/.test(target)) throw new ShellError(`${target}: bad fd number`);
  const found = process.descriptors.get(Number(target));
  if (found === undefined) throw new ShellError(`${target}: Bad file descriptor`);
  put(process, own, found.retain());
};

/** Applies redirections to the shell's own process, in their order. @throws FileError, ShellError */
export const redirect = async (shell: Shell, words: Words, redirections: readonly Redirection[]): Promise<void> => {
  const { process } = shell;
  for (const one of redirections) {
    if (one.type === 'HereDoc') {
      const { parts, text } = one.body;
      const body = parts === undefined ? text : await words.joined(shell, parts);
      put(
        process,
        numberOf(one) ?? 0,
        new TextDescription(one.operator === '<<-' ? body.replaceAll(/^\t+/gm, '') : body),
      );
      continue;
    }
    if (one.type === 'HereString') {
      put(process, numberOf(one) ?? 0, new TextDescription(`${await words.text(shell, one.target)}\n`));
      continue;
    }
    const own = numberOf(one) ?? (one.operator.startsWith('<') ? 0 : 1);
    if (one.operator === '<&' || one.operator === '>&') {
      await duplicate(shell, words, one, own);
      continue;
    }
    const path = await words.text(shell, one.target);
    const socket = shell.dialect === 'bash' ? /^\/dev\/tcp\/([^/]+)\/(\d+)$/.exec(path) : null;
    if (socket !== null) {
      put(process, own, await openSocket(shell, path, socket[1] ?? '', Number(socket[2])));
      continue;
    }
    const opened = openFile(process, path, modes[one.operator] ?? 'write');
    put(process, own, opened);
    if (one.operator.startsWith('&')) put(process, 2, opened.retain());
  }
};

/** Does something with redirections in force, and takes them back. */
export const withRedirections = async <T>(
  shell: Shell,
  words: Words,
  redirections: readonly Redirection[],
  work: () => Promise<T>,
): Promise<T> => {
  if (redirections.length === 0) return work();
  const { descriptors } = shell.process;
  const before = new Map([...descriptors].map(([number, description]) => [number, description.retain()]));
  try {
    await redirect(shell, words, redirections);
    return await work();
  } finally {
    for (const description of descriptors.values()) description.release();
    descriptors.clear();
    for (const [number, description] of before) descriptors.set(number, description);
  }
};
