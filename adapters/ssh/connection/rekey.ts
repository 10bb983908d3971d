import type { Duplex } from 'node:stream';
import type { Client } from 'ssh2';

/** When the keys of a connection are renewed; 0 for no bound of that kind. */
export interface RekeyLimit {
  /** That went over it, in one direction. */
  readonly bytes: number;
  readonly ms: number;
}

/** What the SSH library can do and keeps to itself. */
interface Inner {
  readonly _protocol?: { rekey(): void };
  readonly _sock?: Duplex;
}

const lookMs = 1000;

/** Counts what goes over a stream from now on, each way: a channel of a jump host has no count of its own. */
const countBytes = (stream: Duplex | undefined): { read: number; written: number } => {
  const count = { read: 0, written: 0 };
  if (stream === undefined) return count;
  stream.on('data', (chunk: Buffer) => (count.read += chunk.length));
  const write = stream.write.bind(stream) as (...given: unknown[]) => boolean;
  stream.write = (chunk: Buffer, ...rest: unknown[]): boolean => {
    count.written += chunk.length;
    return write(chunk, ...rest);
  };
  return count;
};

/** Renews the keys of a connection by `RekeyLimit`; it is looked at each second. Returns the way to end that. */
export const renewKeys = (client: Client, { bytes, ms }: RekeyLimit): (() => void) => {
  if (bytes === 0 && ms === 0) return () => undefined;
  const inner = client as unknown as Inner;
  const count = countBytes(inner._sock);
  let since = performance.now();
  const look = (): void => {
    const isOld = ms > 0 && performance.now() - since >= ms;
    const isMuch = bytes > 0 && Math.max(count.read, count.written) >= bytes;
    if (!isOld && !isMuch) return;
    inner._protocol?.rekey();
    since = performance.now();
    count.read = 0;
    count.written = 0;
  };
  const timer = setInterval(look, lookMs).unref();
  return () => clearInterval(timer);
};
