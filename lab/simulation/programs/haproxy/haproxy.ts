import { PortInUse } from '../../network/port-in-use.js';
import type { Process, Program } from '../../system/process.js';
import { signalNumbers } from '../../system/signals.js';
import { parseOptions } from '../../text/input.js';
import { ConfigurationError, parseConfiguration } from './configuration.js';
import type { HaproxyConfiguration } from './configuration.js';
import { answerMaster } from './master.js';
import { alert, warn } from './messages.js';
import { haproxyReleaseDate, haproxyVersion } from './runtime.js';
import type { Running } from './runtime.js';
import { loadServerState } from './server-state.js';
import { backendsOf, putSocket, serve, startWorker } from './worker.js';

const reloadMs = 150;

const read = (process: Process, path: string): HaproxyConfiguration => {
  const text = process.machine.files.readIfThere(path);
  if (text === undefined)
    throw new ConfigurationError(`Cannot open configuration file/directory ${path} : No such file or directory`);
  return parseConfiguration(text, path);
};

/** Undefined when it cannot be loaded: the worker of before goes on. */
const readAgain = (process: Process, path: string): HaproxyConfiguration | undefined => {
  try {
    return read(process, path);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    alert(process, error);
    return undefined;
  }
};

/** haproxy: it checks a configuration, or runs as a master that reloads on USR2. */
export const haproxy: Program = async (process, args) => {
  const { flags, values } = parseOptions(args, 'fpSL');
  if (flags.has('v')) {
    process.print(`HAProxy version ${haproxyVersion} ${haproxyReleaseDate} - https://haproxy.org/\n`);
    return 0;
  }
  const path = values.get('f') ?? '/etc/haproxy/haproxy.cfg';
  const { machine } = process;
  let configuration: HaproxyConfiguration;
  try {
    configuration = read(process, path);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    alert(process, error, /: parsing \[/.test(error.message) ? path : undefined);
    return 1;
  }
  if (flags.has('c')) {
    const warnings = loadServerState(machine, configuration, backendsOf(process, configuration));
    if (flags.has('q')) return 0;
    warn(process, warnings);
    process.print(`${warnings.length === 0 ? '' : 'Warnings were found.\n'}Configuration file is valid\n`);
    return 0;
  }
  const masterSocket = values.get('S')?.replace(/,.*$/, '');
  const startedAt = Date.now();
  let running: Running | undefined;
  let worker: Process | undefined;
  let reloads = 0;
  let reload: (() => void) | undefined;
  process.onSignal = (signal) => {
    if (signal !== signalNumbers.USR2) return false;
    reload?.();
    return true;
  };
  try {
    for (;;) {
      const next = startWorker(process);
      try {
        running = serve(process, next, configuration);
      } catch (error) {
        next.end(1);
        if (!(error instanceof PortInUse)) throw error;
        process.complain(
          `[ALERT]    (${process.pid}) : Starting frontend: cannot bind socket (Address already in use) [${error.message.replace(/^listen tcp (\S+): .*/, '$1')}]\n[ALERT]    (${process.pid}) : [haproxy.main()] Some protocols failed to start their listeners! Exiting.\n`,
        );
        return 1;
      }
      worker?.end(0);
      worker = next;
      if (masterSocket !== undefined)
        putSocket(process, masterSocket, (line) =>
          answerMaster({ pid: process.pid, reloads, startedAt, running }, line),
        );
      let reloaded: HaproxyConfiguration | undefined;
      while (reloaded === undefined) {
        await process.during(new Promise<void>((resolve) => (reload = resolve)));
        await process.work(reloadMs);
        reloads += 1;
        reloaded = readAgain(process, path);
      }
      configuration = reloaded;
    }
  } finally {
    worker?.end(0);
    machine.closePorts(process);
    if (masterSocket !== undefined) machine.sockets.delete(masterSocket);
    if (configuration.socket !== undefined) machine.sockets.delete(configuration.socket);
  }
};
