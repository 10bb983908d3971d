import { httpRequest, parseUrl } from '../network/http-client.js';
import type { HttpOutcome } from '../network/http-client.js';
import type { Process } from '../system/process.js';
import type { Kubeconfig } from './kubeconfig.js';

/** What a Go program says of a request that failed, or the API server of one that it refused. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    message: string,
    /** Of a Status; absent when there was no answer. */
    readonly reason?: string,
    readonly code = 0,
  ) {
    super(message);
  }
}

export type Access = Pick<Kubeconfig, 'server' | 'ca' | 'clientCertificate' | 'token'>;

const goWords = (
  outcome: Exclude<HttpOutcome, { kind: 'answered' }>,
  host: string,
  port: number,
  now: number,
): string => {
  const dial = `dial tcp ${host}:${port}: connect:`;
  switch (outcome.kind) {
    case 'refused':
      return `${dial} connection refused`;
    case 'unreachable':
      return `${dial} no route to host`;
    case 'unresolved':
      return `dial tcp: lookup ${host}: no such host`;
    case 'empty':
      return 'EOF';
    case 'untrusted':
      if (outcome.because === 'expired')
        return `tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time ${new Date(now).toISOString()} is outside of its validity`;
      return outcome.because === 'name'
        ? `tls: failed to verify certificate: x509: certificate is not valid for ${host}`
        : 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
  }
};

export interface CallOptions {
  readonly body?: string;
  /** Milliseconds after which the client gives up; default 10 s. */
  readonly timeoutMs?: number;
  readonly contentType?: string;
}

/** One request to an API server: the answer's body. @throws ApiError */
export const callApi = async (
  process: Process,
  access: Access,
  method: string,
  path: string,
  { body, timeoutMs = 10_000 }: CallOptions = {},
): Promise<string> => {
  const { machine } = process;
  const target = parseUrl(`${access.server}${path}`);
  const verb =
    method === 'GET'
      ? 'Get'
      : method === 'POST'
        ? 'Post'
        : method === 'DELETE'
          ? 'Delete'
          : method === 'PATCH'
            ? 'Patch'
            : 'Put';
  const prefix = `${verb} "${access.server}${path}": `;
  if (target === undefined) throw new ApiError(`${prefix}invalid URL`);
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), timeoutMs);
    });
    const outcome = await process.during(
      Promise.race([
        late,
        httpRequest(machine, target, {
          method,
          by: process,
          headers: new Map(access.token === undefined ? [] : [['authorization', `Bearer ${access.token}`]]),
          ...(body === undefined ? {} : { body }),
          ...(access.clientCertificate === undefined ? {} : { clientCertificate: access.clientCertificate }),
          ...(access.ca === '' ? {} : { ca: access.ca }),
        }),
      ]),
    );
    if (outcome === 'late') throw new ApiError(`${prefix}context deadline exceeded`);
    if (outcome.kind !== 'answered')
      throw new ApiError(prefix + goWords(outcome, target.host, target.port, machine.now()));
    const { status, body: answer } = outcome.response;
    if (status < 400) return answer;
    const parsed = parseStatus(answer);
    throw new ApiError(parsed?.message ?? answer.trim(), parsed?.reason, status);
  } finally {
    clearTimeout(timer);
  }
};

const parseStatus = (text: string): { message: string; reason: string } | undefined => {
  try {
    return JSON.parse(text) as { message: string; reason: string };
  } catch {
    return undefined;
  }
};
