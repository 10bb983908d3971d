// The process that owns a lab of the command line: starts it, serves requests through a Unix socket, takes it down.
import { appendFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { startLab, type Lab, type LabOptions } from '../lab.js';
import { handleRequest, requestSchema } from './requests.js';

export const socketPath = (directory: string): string => join(directory, 'control.sock');

/** What the keeper tells whoever started it, until it is ready. */
export type KeeperMessage = { progress: string } | { ready: true } | { failed: string };

export async function keepLab(options: Omit<LabOptions, 'progress'>): Promise<void> {
  const tell = (message: KeeperMessage): void => {
    if (process.connected) process.send?.(message, () => undefined);
  };
  let lab: Lab;
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      rmSync(socketPath(lab.directory), { force: true });
      await lab.down();
    })();
    return stopping;
  };
  try {
    lab = await startLab({ ...options, progress: (line) => tell({ progress: line }) });
  } catch (error) {
    tell({ failed: error instanceof Error ? error.message : String(error) });
    if (process.connected) process.disconnect();
    process.exitCode = 1;
    return;
  }
  const log = (line: string): void => {
    if (stopping === undefined)
      appendFileSync(join(lab.directory, 'keeper.log'), `${new Date().toISOString()} ${line}\n`);
  };
  const server = await serve(lab, stop, log);
  const end = (why: string): void => {
    log(why);
    void stop().finally(() => server.close(() => process.exit(0)));
  };
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
  process.on('uncaughtException', (error) => log(`uncaught: ${error.stack ?? error.message}`));
  process.on('unhandledRejection', (reason) => log(`unhandled: ${String(reason)}`));
  tell({ ready: true });
  if (process.connected) process.disconnect();
}

async function serve(lab: Lab, stop: () => Promise<void>, log: (line: string) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    const lines = createInterface({ input: socket });
    lines.once('line', (line) => {
      log(line);
      void answer(lab, stop, line, socket).then((last) => {
        socket.end();
        if (last) server.close(() => process.exit(0));
      });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath(lab.directory), resolve);
  });
  return server;
}

/** Answers one request; true if it was the last one. */
async function answer(lab: Lab, stop: () => Promise<void>, line: string, socket: Socket): Promise<boolean> {
  const reply = (value: object): void => {
    socket.write(`${JSON.stringify(value)}\n`);
  };
  try {
    const request = requestSchema.parse(JSON.parse(line));
    if (request.do === 'down') await stop();
    const result = request.do === 'down' ? null : await handleRequest(lab, request);
    reply({ result });
    return request.do === 'down';
  } catch (error) {
    reply({ error: error instanceof Error ? error.message : String(error) });
    return false;
  }
}
