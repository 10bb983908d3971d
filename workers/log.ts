import { DefaultLogger, type LogLevel, type Logger } from '@temporalio/worker';
import { pino, type Logger as PinoLogger } from 'pino';

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/**
 * The last line of defence: adapters redact what they know to be secret before it becomes an error or a result; this
 * catches the shapes of kubeadm's bootstrap tokens and certificate keys, of private keys, of the secrets of webhooks and
 * of the API's tokens wherever they turn up.
 * A certificate key is 64 hex digits as a CA's hash is, but the hash stands behind `sha256:`.
 */
export const redact = (text: string): string =>
  text
    .replaceAll(/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, '[redacted token]')
    .replaceAll(/\bquorate_[A-Za-z0-9_-]{43}/g, '[redacted token]')
    .replaceAll(/(?<!sha256:|[0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g, '[redacted key]')
    .replaceAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----/gs, '[redacted private key]')
    .replaceAll(/\bwhsec_[A-Za-z0-9+/=]+/g, '[redacted webhook secret]');

type Write = (line: string) => void;

/** JSON lines on standard error, without what looks like a secret. */
export const createJsonLog = (level: Level, write: Write = (line) => process.stderr.write(line)): PinoLogger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: pino.stdSerializers.errWithCause, err: pino.stdSerializers.errWithCause },
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => write(redact(line)) },
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
