import { createHmac } from 'node:crypto';
import { decode, encode } from './objects.js';
import type { KubernetesObject } from './objects.js';

export const bootstrapGroup = 'system:bootstrappers:kubeadm:default-node-token';

export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
  readonly description: string;
  /** Milliseconds since the epoch; absent: never. */
  readonly expiresAt?: number;
  readonly usages: readonly string[];
}

export const secretType = 'bootstrap.kubernetes.io/token';

/** Data of the Secret of a token. */
export const tokenData = ({ id, secret, description, expiresAt, usages }: BootstrapToken): Record<string, string> => {
  const plain = {
    'token-id': id,
    'token-secret': secret,
    ...(description === '' ? {} : { description }),
    ...(expiresAt === undefined ? {} : { expiration: new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z') }),
    ...(usages.includes('authentication')
      ? { 'usage-bootstrap-authentication': 'true', 'auth-extra-groups': bootstrapGroup }
      : {}),
    ...(usages.includes('signing') ? { 'usage-bootstrap-signing': 'true' } : {}),
  };
  return Object.fromEntries(Object.entries(plain).map(([key, value]) => [key, encode(value)]));
};

/** The token in a Secret; undefined when it is none. */
export const readToken = ({ type, data = {} }: KubernetesObject): BootstrapToken | undefined => {
  if (type !== secretType) return undefined;
  const expiration = decode(data['expiration']);
  return {
    id: decode(data['token-id']),
    secret: decode(data['token-secret']),
    description: decode(data['description']),
    ...(expiration === '' ? {} : { expiresAt: Date.parse(expiration) }),
    usages: [
      ...(decode(data['usage-bootstrap-authentication']) === 'true' ? ['authentication'] : []),
      ...(decode(data['usage-bootstrap-signing']) === 'true' ? ['signing'] : []),
    ],
  };
};

const url = (text: string): string => Buffer.from(text).toString('base64url');

/** A detached JSON Web Signature of cluster-info, keyed by the token. */
export const signClusterInfo = (content: string, { id, secret }: Pick<BootstrapToken, 'id' | 'secret'>): string => {
  const header = url(JSON.stringify({ alg: 'HS256', kid: id }));
  const signature = createHmac('sha256', secret)
    .update(`${header}.${url(content)}`)
    .digest('base64url');
  return `${header}..${signature}`;
};
