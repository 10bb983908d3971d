import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface Remote {
  /** Runs a script as root on a host over a connection that stays open, and returns its standard output. */
  (host: string, script: string, stdin?: string): Promise<string>;
}

/** ssh as an operator has it set up for such work: one shared connection per host. */
export const createRemote = (sshConfigFile: string, folder: string): Remote => {
  const options = [
    '-F',
    sshConfigFile,
    '-o',
    'ControlMaster=auto',
    '-o',
    `ControlPath=${join(folder, 'cm-%n')}`,
    '-o',
    'ControlPersist=600',
  ];
  return (host, script, stdin = '') =>
    new Promise((resolve, reject) => {
      const child = spawn('ssh', [...options, host, `sudo -n /bin/sh -c '${script.replaceAll("'", "'\\''")}'`], {
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      child.once('error', reject);
      child.once('close', (code) => {
        if (code === 0) resolve(stdout);
        else
          reject(
            new Error(
              `on ${host}: exit ${code}\n${script.slice(0, 400)}\n${stdout.slice(-1000)}\n${stderr.slice(-2000)}`,
            ),
          );
      });
      child.stdin.end(stdin);
    });
};
