import { DefaultLogger, type LogLevel, type Logger } from '@temporalio/worker';
import { pino, type Logger as PinoLogger } from 'pino';
import { printable } from '../model/printable.js';
import { secretPatterns } from '../model/secret-patterns.js';

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/**
 * The last line of defence: adapters redact what they know to be secret before it becomes an error or a result; this
 * catches the shapes of kubeadm's bootstrap tokens and certificate keys, of private keys, of the secrets of webhooks and
 * of the API's tokens wherever they turn up.
 */
export const redact = (text: string): string =>
  text
    .replaceAll(secretPatterns.bootstrapToken, '[redacted token]')
    .replaceAll(secretPatterns.apiToken, '[redacted token]')
    .replaceAll(secretPatterns.certificateKey, '[redacted key]')
    .replaceAll(secretPatterns.privateKey, '[redacted private key]')
    .replaceAll(secretPatterns.webhookSecret, '[redacted webhook secret]');

type Write = (line: string) => void;

/** JSON lines on standard error, without what looks like a secret and with nothing that steers a terminal. */
export const createJsonLog = (level: Level, write: Write = (line) => process.stderr.write(line)): PinoLogger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: pino.stdSerializers.errWithCause, err: pino.stdSerializers.errWithCause },
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => write(printable(redact(line), '\n')) },
  );

/** The same for what the Temporal SDK and the workflows log. */
export const createLogger = (level: Level, write?: Write): Logger => {
  const log = createJsonLog(level, write);
  return new DefaultLogger(level.toUpperCase() as LogLevel, ({ level: entryLevel, message, meta }) => {
    // A token is of use to nobody who reads a log, and long.
    const { taskToken: _, ...facts }: Record<string | symbol, unknown> = meta ?? {};
    log[entryLevel.toLowerCase() as Level](facts, message);
  });
};
