import { QuorateError } from '../../model/failures/failure.js';
import type { CommandOutcome, Host } from '../../adapters/ssh/types.js';

export interface CuttableHost extends Host {
  /** Ends every command's channel as a lost connection does; the commands themselves run on. */
  cut(): void;
  /** While it is false no connection can be opened. */
  reachable: boolean;
  /** Connections that could not be opened. */
  readonly refused: number;
}

/** A host whose connection can be lost, in front of one that answers. */
export const cuttableHost = (inner: Host): CuttableHost => {
  const open = new Set<() => void>();
  let refused = 0;
  const self: CuttableHost = {
    name: inner.name,
    reachable: true,
    get refused() {
      return refused;
    },
    cut: () => {
      for (const end of open) end();
    },
    run: async (script, options = {}) => {
      if (!self.reachable) {
        refused += 1;
        throw new QuorateError('Unreachable', `no connection to ${inner.name}`, { remedy: 'see the network' });
      }
      // As over SSH: a command whose signal is aborted is never started.
      if (options.signal?.aborted === true)
        return { end: { kind: 'aborted' }, stdout: '', stderr: '', truncated: false };
      let over = false;
      let end = (): void => {};
      const lost = new Promise<CommandOutcome>((resolve) => {
        end = () => {
          over = true;
          resolve({ end: { kind: 'lost', cause: 'ECONNRESET' }, stdout: '', stderr: '', truncated: false });
        };
      });
      open.add(end);
      try {
        const onStdout = (chunk: string): void => {
          if (!over) options.onStdout?.(chunk);
        };
        return await Promise.race([inner.run(script, { ...options, onStdout }), lost]);
      } finally {
        over = true;
        open.delete(end);
      }
    },
  };
  return self;
};
