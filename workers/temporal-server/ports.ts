import { createServer } from 'node:net';
import { OperatorError } from '../../model/failures/operator-error.js';

/** Whether a TCP port of a local address can be listened on right now. 0 asks for any free port. @returns the port. */
const tryToListen = (ip: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ host: ip, port, exclusive: true }, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });

/** @returns a port of `ip` that nothing listens on. */
export const freePort = (ip = '127.0.0.1'): Promise<number> => tryToListen(ip, 0);

/**
 * Refuses a port that something else holds, before a server is started that would only say so in its log.
 *
 * @param option the command-line option that chooses another port, for the message.
 * @throws OperatorError (failed)
 */
export const requireFreePort = async (ip: string, port: number, purpose: string, option: string): Promise<void> => {
  try {
    await tryToListen(ip, port);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === 'EADDRINUSE') {
      throw new OperatorError('failed', `Port ${port} of ${ip} is in use, and ${purpose} needs it.`, {
        remedy:
          `See who holds it with \`ss -ltnp 'sport = :${port}'\` and end that program, or choose another port with ${option}. ` +
          'If it is a Temporal server that you want to use, run `quorate worker` instead.',
      });
    }
    throw new OperatorError('failed', `${purpose} cannot listen on ${ip}:${port}: ${code}.`, {
      remedy: `Choose another port with ${option}.`,
      cause: error,
    });
  }
};
