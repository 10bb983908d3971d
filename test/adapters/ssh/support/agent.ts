import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Agent {
  readonly socket: string;
  /** Adds private keys, with the certificate that lies beside. */
  add(...files: string[]): void;
  stop(): void;
}

/** A real ssh-agent. */
export const startAgent = async (socket: string): Promise<Agent> => {
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  for (let tries = 0; !existsSync(socket); tries++) {
    if (tries > 100) throw new Error('ssh-agent does not start');
    await sleep(20);
  }
  return {
    socket,
    add: (...files) => {
      execFileSync('ssh-add', ['-q', ...files], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' });
    },
    stop: () => void agent.kill(),
  };
};
