import { FileError } from '../files/file-error.js';
import { joinPath } from '../files/file-system.js';
import type { File } from '../files/inode.js';
import { Process, runProgram } from '../system/process.js';
import type { Program } from '../system/process.js';
import type { Shell } from './shell.js';

const standardPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const executable = (process: Process, path: string): File | undefined => {
  const inode = process.machine.files.look(joinPath(process.directory, path));
  return inode?.kind === 'file' && (inode.mode & 0o111) !== 0 ? inode : undefined;
};

/** Where a program is, as `command -v` tells; undefined when it is nowhere in PATH. */
export const findProgram = (process: Process, name: string, path = standardPath): string | undefined => {
  if (name.includes('/')) return executable(process, name) === undefined ? undefined : name;
  for (const folder of path.split(':')) {
    if (folder !== '' && executable(process, `${folder}/${name}`) !== undefined) return `${folder}/${name}`;
  }
  return undefined;
};

export interface Spawn {
  readonly parent: Process;
  readonly argv: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  /** Default the parent's. */
  readonly uid?: number;
  readonly controlGroup?: string;
  readonly directory?: string;
}

/** A child process with the parent's descriptors. */
export const spawn = ({ parent, argv, environment, uid, controlGroup, directory }: Spawn): Process =>
  new Process({
    machine: parent.machine,
    parent,
    argv,
    descriptors: new Map([...parent.descriptors].map(([number, description]) => [number, description.retain()])),
    environment,
    directory: directory ?? parent.directory,
    uid: uid ?? parent.uid,
    umask: parent.umask,
    ...(controlGroup === undefined ? {} : { controlGroup }),
  });

/** The program that the file at a path is: one of the simulated ones, or a script for the shell that its first line names. */
export const programAt = (process: Process, path: string): { program: Program; args: readonly string[] } => {
  const { files, programs } = process.machine;
  const inode = files.inode(joinPath(process.directory, path));
  if (inode.kind !== 'file' || (inode.mode & 0o111) === 0) throw new FileError('EACCES', path);
  if (inode.program !== undefined) {
    const program = programs.get(inode.program);
    if (program === undefined) throw new Error(`no simulated program ${inode.program}`);
    return { program, args: [] };
  }
  const [, interpreter = '/bin/sh', argument] = /^#!\s*(\S+)(?:[ \t]+(.*\S))?/.exec(inode.content) ?? [];
  const next = programAt(process, interpreter);
  return {
    program: next.program,
    args: [...next.args, ...(argument === undefined ? [] : [argument]), path],
  };
};

/** Runs a program of the host and answers its status: 127 when there is none, 126 when it cannot be executed. */
export const runExternal = async (
  shell: Shell,
  name: string,
  args: readonly string[],
  environment: ReadonlyMap<string, string>,
): Promise<number> => {
  const { process } = shell;
  const path = findProgram(process, name, environment.get('PATH') ?? shell.get('PATH'));
  if (path === undefined) {
    const there = name.includes('/') && process.machine.files.exists(joinPath(process.directory, name));
    shell.complain(there ? `${name}: Permission denied` : `${name}: not found`);
    return there ? 126 : 127;
  }
  return runPath(process, path, [name, ...args], environment);
};

/** Runs the program at a path as a child, and waits for it. */
export const runPath = async (
  parent: Process,
  path: string,
  argv: readonly string[],
  environment: ReadonlyMap<string, string>,
): Promise<number> => {
  const child = spawn({ parent, argv, environment });
  const { program, args } = programAt(child, path);
  return parent.during(runProgram(child, program, [...args, ...argv.slice(1)]));
};
