import { InvalidArgumentError, Option } from 'commander';
import { operationKinds } from '../model/operations.js';
import { defaultBy } from './io.js';

// What several commands share: checks of what was typed, and options that mean the same everywhere.

export const port = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('It is a port from 1 to 65535.');
  return value;
};
export const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It is a number from 1.');
  return value;
};
const socketAddress = (text: string): string => {
  if (!/^[^\s:]+:\d{1,5}$/.test(text)) throw new InvalidArgumentError('It is HOST:PORT, such as 127.0.0.1:9464.');
  return text;
};
export const filled = (text: string): string => {
  if (text.trim() === '') throw new InvalidArgumentError('It is empty.');
  return text;
};

export const output = (): Option =>
  new Option('-o, --output <format>', 'how results are printed').choices(['text', 'json']).default('text');
export const file = (): Option =>
  new Option('-f, --file <file>', 'specification of the cluster').default('cluster.yaml').argParser(filled);
export const by = (): Option =>
  new Option('--by <who>', 'who is recorded as asking or deciding')
    .default(defaultBy(), 'user@machine')
    .argParser(filled);
export const reason = (): Option => new Option('--reason <text>', 'why; recorded with the operation').default('');
export const clusterOption = (): Option => new Option('--cluster <name>', 'only of this cluster').argParser(filled);
export const hostOption = (): Option => new Option('--host <name>', 'only about this host').argParser(filled);
export const kindOption = (): Option => new Option('--kind <kind>', 'only of this kind').choices(operationKinds);
export const noWait = (): Option => new Option('--no-wait', 'return at once instead of watching');
export const sshConfig = (): Option =>
  new Option('--ssh-config <file>', 'OpenSSH client configuration that names the hosts (default: ~/.ssh/config)');
export const webhooks = (): Option =>
  new Option(
    '--webhooks <file>',
    'receivers of notifications, see docs/notifications.md (default: what QUORATE_WEBHOOKS names, else none)',
  ).argParser(filled);
export const metrics = (): Option =>
  new Option('--metrics <host:port>', 'serve Prometheus metrics of the worker there').argParser(socketAddress);
export const logLevel = (level: string): Option =>
  new Option('--log-level <level>', 'JSON log lines on standard error')
    .choices(['trace', 'debug', 'info', 'warn', 'error'])
    .default(level);

export const examples = (...lines: string[]): string => `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
