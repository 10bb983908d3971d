import { X509Certificate } from 'node:crypto';
import { isInTime, issuedBy } from '../network/http-client.js';
import type { HttpRequest } from '../network/service.js';
import { secrets } from './store.js';
import type { Store } from './store.js';
import { bootstrapGroup, readToken } from './tokens.js';

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

const subjects = new Map<string, User>();

const userOf = (certificate: string): User => {
  const known = subjects.get(certificate);
  if (known !== undefined) return known;
  const lines = new X509Certificate(certificate).subject.split('\n');
  const values = (key: string): string[] =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
  const user = { name: values('CN')[0] ?? '', groups: [...values('O'), 'system:authenticated'] };
  if (subjects.size > 5000) subjects.clear();
  subjects.set(certificate, user);
  return user;
};

/** Who asks; undefined when what was shown is not believed. */
export const authenticate = (
  request: HttpRequest,
  ca: string,
  store: Store | undefined,
  now: number,
): User | undefined => {
  const { clientCertificate } = request;
  if (clientCertificate !== undefined) {
    if (!issuedBy(clientCertificate, ca) || !isInTime(clientCertificate, now)) return undefined;
    return userOf(clientCertificate);
  }
  const bearer = /^Bearer ([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(request.headers.get('authorization') ?? '');
  if (bearer === null) return request.headers.has('authorization') ? undefined : anonymous;
  const [, id = '', secret] = bearer;
  const found = store?.get(secrets, `bootstrap-token-${id}`, 'kube-system');
  const token = found === undefined ? undefined : readToken(found);
  const valid =
    token?.secret === secret &&
    token?.usages.includes('authentication') === true &&
    (token.expiresAt === undefined || token.expiresAt > now);
  return valid
    ? { name: `system:bootstrap:${id}`, groups: ['system:bootstrappers', bootstrapGroup, 'system:authenticated'] }
    : undefined;
};

export interface Attributes {
  readonly verb: 'get' | 'list' | 'create' | 'update' | 'delete';
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** What kubeadm's and Kubernetes' own roles allow. */
export const isAllowed = ({ name, groups }: User, of: Attributes, store: Store): boolean => {
  if (groups.includes('system:masters')) return true;
  if (
    groups.includes('kubeadm:cluster-admins') &&
    store.cluster.store.has('/registry/rbac.authorization.k8s.io/clusterrolebindings/kubeadm:cluster-admins')
  )
    return true;
  if (['system:kube-controller-manager', 'system:kube-scheduler'].includes(name)) return true;
  const reads = of.verb === 'get';
  if (reads && of.resource === 'configmaps' && of.namespace === 'kube-public' && of.name === 'cluster-info')
    return true;
  const joins = groups.includes('system:bootstrappers') || groups.includes('system:nodes');
  if (!joins) return false;
  if (reads && of.resource === 'configmaps' && of.namespace === 'kube-system')
    return ['kubeadm-config', 'kubelet-config', 'kube-proxy'].includes(of.name ?? '');
  if (reads && of.resource === 'secrets') return of.namespace === 'kube-system' && of.name === 'kubeadm-certs';
  if (of.resource === 'certificatesigningrequests') return of.verb === 'create' || reads;
  if (of.resource === 'nodes') return reads || (groups.includes('system:nodes') && of.verb !== 'delete');
  return groups.includes('system:nodes') && ['leases', 'pods', 'services'].includes(of.resource);
};
