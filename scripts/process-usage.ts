import { readFileSync } from 'node:fs';

/** Clock ticks per second of /proc/PID/stat: 100 on every Linux that Node.js runs on. */
const ticksPerSecond = 100;

/** Processor time that a process has used in user and system mode, seconds. */
export const cpuSeconds = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
};

/** The most memory that a process has held at a time, MiB. */
export const peakRssMiB = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
