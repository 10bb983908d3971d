import { DefaultLogger, type LogLevel, type Logger } from '@temporalio/worker';
import { pino } from 'pino';

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/**
 * The last line of defence: adapters redact what they know to be secret before it becomes an error or a result; this
 * catches the shapes of kubeadm's bootstrap tokens and certificate keys, of private keys and of the secrets of webhooks
 * wherever they turn up.
 * A certificate key is 64 hex digits as a CA's hash is, but the hash stands behind `sha256:`.
 */
export const redact = (text: string): string =>
  text
    .replaceAll(/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, '[redacted token]')
    .replaceAll(/(?<!sha256:|[0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g, '[redacted key]')
    .replaceAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----/gs, '[redacted private key]')
    .replaceAll(/\bwhsec_[A-Za-z0-9+/=]+/g, '[redacted webhook secret]');

/** JSON lines on standard error, also for what the Temporal SDK logs. */
export const createLogger = (
  level: Level,
  write: (line: string) => void = (line) => process.stderr.write(line),
): Logger => {
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: pino.stdSerializers.errWithCause, err: pino.stdSerializers.errWithCause },
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => write(redact(line)) },
  );
  return new DefaultLogger(level.toUpperCase() as LogLevel, ({ level: entryLevel, message, meta }) => {
    // A token is of use to nobody who reads a log, and long.
    const { taskToken: _, ...facts }: Record<string | symbol, unknown> = meta ?? {};
    log[entryLevel.toLowerCase() as Level](facts, message);
  });
};
