import { connect } from 'node:net';

/** A key that an SSH agent holds. */
export interface AgentKey {
  /** The public half, as it goes over the wire. */
  readonly blob: Buffer;
  /** Mostly the file it was added from. */
  readonly comment: string;
}

/** SSH_AGENTC_REQUEST_IDENTITIES and SSH_AGENT_IDENTITIES_ANSWER of draft-miller-ssh-agent. */
const request = Buffer.from([0, 0, 0, 1, 11]);
const answerType = 12;

/** An agent that waits for a person, or is forwarded over a link that is gone, does not answer. */
const timeoutMs = 5000;

const keysOf = (answer: Buffer): readonly AgentKey[] => {
  if (answer[0] !== answerType) throw new Error('it does not tell its keys');
  let at = 5;
  const next = (): Buffer => {
    const length = answer.readUInt32BE(at);
    at += 4 + length;
    if (at > answer.length) throw new Error('its answer is cut short');
    return answer.subarray(at - length, at);
  };
  return Array.from({ length: answer.readUInt32BE(1) }, () => ({ blob: next(), comment: next().toString() }));
};

/**
 * The keys of an agent in its own order, those too that the SSH library leaves out (certificates, FIDO keys).
 * @throws Error when it cannot be asked.
 */
export const listAgentKeys = (socketPath: string): Promise<readonly AgentKey[]> =>
  new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let received = Buffer.alloc(0);
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(timeoutMs, () => fail(new Error(`no answer in ${timeoutMs} ms`)));
    socket.on('error', fail);
    socket.on('close', () => reject(new Error('it closed the connection')));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 4 || received.length < 4 + received.readUInt32BE(0)) return;
      try {
        resolve(keysOf(received.subarray(4, 4 + received.readUInt32BE(0))));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
      socket.destroy();
    });
    socket.write(request);
  });
