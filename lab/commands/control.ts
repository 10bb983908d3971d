// The command line's side of a lab's keeper: starts it, and asks it.
import { fork } from 'node:child_process';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { LabOptions } from '../lab.js';
import { clearLab } from '../leftovers.js';
import { findOwner, isAlive, LabInUseError, type Owner } from '../ownership.js';
import { labFolder } from '../paths.js';
import type { Progress } from '../progress.js';
import { socketPath, type KeeperMessage } from './keeper.js';
import { statusSchema, type LabStatus, type Request } from './requests.js';

const replySchema = z.union([z.object({ result: z.unknown() }), z.object({ error: z.string() })]);

/** The owner of a lab if it is alive. */
export function liveOwner(name: string): Owner | undefined {
  const owner = findOwner(name, labFolder(name));
  return owner !== undefined && isAlive(owner) ? owner : undefined;
}

/** Starts a keeper that lives on after this process; resolves when its lab is ready. */
export function startKeeper(options: Omit<LabOptions, 'progress'>, progress: Progress): Promise<void> {
  return new Promise((resolve, reject) => {
    const main = fileURLToPath(new URL('../main.js', import.meta.url));
    const keeper = fork(main, ['keep', JSON.stringify(options)], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    let done = false;
    const interrupted = (): void => {
      keeper.once('exit', () => {
        const cleared = takeDown(options.name).then(() => new Error('Interrupted; what was started is cleared.'));
        cleared.then((told) => finish(() => reject(told)), reject);
      });
      keeper.kill('SIGKILL');
    };
    process.once('SIGINT', interrupted);
    const finish = (settle: () => void): void => {
      if (done) return;
      done = true;
      process.off('SIGINT', interrupted);
      if (keeper.connected) keeper.disconnect();
      keeper.unref();
      settle();
    };
    keeper.on('message', (message: KeeperMessage) => {
      if ('progress' in message) progress(message.progress);
      else if ('failed' in message) finish(() => reject(new Error(message.failed)));
      else finish(resolve);
    });
    keeper.on('error', (error) => finish(() => reject(error)));
    keeper.on('exit', (code, signal) => {
      // By our own hand if it was interrupted.
      if (signal === null) finish(() => reject(new Error(`The lab's keeper ended with code ${code}.`)));
      else if (!keeper.killed) finish(() => reject(new Error(`The lab's keeper was ended by ${signal}.`)));
    });
  });
}

/** Asks the keeper of a lab; throws if there is none. */
export async function ask(name: string, request: Request): Promise<unknown> {
  const owner = liveOwner(name);
  if (owner === undefined) throw new Error(`No lab "${name}" is up. Start it with: npm run lab -- up --name ${name}`);
  if (!existsSync(socketPath(owner.directory))) throw new LabInUseError(owner);
  const line = await new Promise<string>((resolve, reject) => {
    const socket = connect(socketPath(owner.directory));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('The keeper of the lab ended before it answered.')));
    createInterface({ input: socket })
      .once('line', resolve)
      .on('error', () => undefined);
    socket.write(`${JSON.stringify(request)}\n`);
  });
  const reply = replySchema.parse(JSON.parse(line));
  if ('error' in reply) throw new Error(reply.error);
  return reply.result;
}

export async function askStatus(name: string): Promise<LabStatus> {
  return statusSchema.parse(await ask(name, { do: 'status' }));
}

/** Takes a lab down, also one whose owner is dead; says what was done. */
export async function takeDown(name: string): Promise<'down' | 'cleared' | 'nothing'> {
  const owner = findOwner(name, labFolder(name));
  if (owner === undefined) return 'nothing';
  if (isAlive(owner)) {
    await ask(name, { do: 'down' });
    return 'down';
  }
  await clearLab(owner);
  return 'cleared';
}
