import { httpRequest, parseUrl } from '../../network/http-client.js';
import type { Process } from '../../system/process.js';
import { pkiFolder } from './phases/pki.js';

export interface ListedMember {
  /** Decimal. */
  readonly ID: string;
  readonly name?: string;
  readonly peerURLs: readonly string[];
  readonly clientURLs?: readonly string[];
  readonly isLearner?: boolean;
}

/** What etcd answered instead, or that it did not answer. */
export class EtcdCallError extends Error {
  override readonly name = 'EtcdCallError';
}

const callMs = 2_000;

/** One call of etcd's API at an endpoint, with the host's own certificates. @throws EtcdCallError */
export const callEtcd = async <T>(
  process: Process,
  endpoint: string,
  path: string,
  body: unknown,
  timeoutMs = callMs,
): Promise<T> => {
  const { machine } = process;
  const target = parseUrl(`${endpoint}${path}`);
  if (target === undefined) throw new EtcdCallError(`invalid endpoint ${endpoint}`);
  const read = (name: string): string | undefined => machine.files.readIfThere(`${pkiFolder}/etcd/${name}`);
  const [ca, clientCertificate] = [read('ca.crt'), read('healthcheck-client.crt')];
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), timeoutMs);
    });
    const outcome = await process.during(
      Promise.race([
        late,
        httpRequest(machine, target, {
          method: 'POST',
          by: process,
          body: JSON.stringify(body),
          ...(ca === undefined ? {} : { ca }),
          ...(clientCertificate === undefined ? {} : { clientCertificate }),
        }),
      ]),
    );
    if (outcome === 'late') throw new EtcdCallError('context deadline exceeded');
    if (outcome.kind === 'refused')
      throw new EtcdCallError(`dial tcp ${target.host}:${target.port}: connect: connection refused`);
    if (outcome.kind !== 'answered') throw new EtcdCallError(`dial tcp ${target.host}:${target.port}: ${outcome.kind}`);
    const { status, body: answer } = outcome.response;
    const value = JSON.parse(answer) as T & { error?: string };
    if (status >= 400) throw new EtcdCallError(value.error ?? answer);
    return value;
  } finally {
    clearTimeout(timer);
  }
};

export const listMembers = async (process: Process, endpoint: string): Promise<readonly ListedMember[]> =>
  (
    await callEtcd<{ members: readonly ListedMember[] }>(process, endpoint, '/v3/cluster/member/list', {
      linearizable: true,
    })
  ).members;
