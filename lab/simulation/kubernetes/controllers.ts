import { issue, readSigningRequest } from '../certificates/certificates.js';
import type { Machine } from '../system/machine.js';
import { EtcdError } from '../etcd/errors.js';
import { etcdOn } from '../etcd/server.js';
import type { Kubernetes } from './kubernetes.js';
import { decode, encode, timestamp } from './objects.js';
import type { KubernetesObject } from './objects.js';
import { clusterRoleBindings, configMaps, nodes, secrets, signingRequests, Store } from './store.js';
import { readToken, signClusterInfo } from './tokens.js';

const rangeOf = (number: number): string => `10.244.${number}.0/24`;

const stepMs = 120;
const yearMs = 365 * 86_400_000;

/** What a kube-controller-manager was told to do. */
export interface ManagerSettings {
  readonly controllers: readonly string[];
  readonly signingCertificate: string;
  readonly signingKey: string;
}

/** Controllers of the kube-controller-manager that leads: it signs tokens, approves and signs requests, and tidies up. */
export class Controllers {
  readonly settings = new Map<Machine, ManagerSettings>();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly kubernetes: Kubernetes) {}

  get #leader(): Machine | undefined {
    return this.kubernetes.controllerManager.leader?.machine;
  }

  /** There may be something to do. */
  wake(): void {
    if (this.#timer !== undefined || this.kubernetes.world.stopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#work();
    }, stepMs * this.kubernetes.world.timeScale);
  }

  #runs(name: string): boolean {
    const machine = this.#leader;
    const chosen = machine === undefined ? undefined : this.settings.get(machine)?.controllers;
    if (chosen === undefined) return false;
    return !chosen.includes(`-${name}`) && (chosen.includes('*') || chosen.includes(name));
  }

  #work(): void {
    const machine = this.#leader;
    const etcd = machine === undefined ? undefined : etcdOn(machine);
    if (machine === undefined || etcd === undefined) return;
    const store = new Store(etcd.cluster, etcd.member);
    try {
      if (this.#runs('tokencleaner')) this.cleanTokens(store, machine.now());
      if (this.#runs('bootstrapsigner')) this.#signTokens(store, machine.now());
      this.#collectGarbage(store);
      this.#giveRanges(store);
      if (this.#signRequests(store, machine)) this.wake();
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      this.wake();
    }
  }

  /** Deletes tokens that have expired. */
  cleanTokens(store: Store, now: number): void {
    if (this.#leader === undefined) return;
    for (const secret of store.list(secrets, 'kube-system')) {
      const expiresAt = readToken(secret)?.expiresAt;
      if (expiresAt !== undefined && expiresAt <= now) {
        store.delete(secrets, secret.metadata.name, 'kube-system');
        this.wake();
      }
    }
  }

  /** Signatures of cluster-info: one for each token that may sign, none for others. */
  #signTokens(store: Store, now: number): void {
    const info = store.get(configMaps, 'cluster-info', 'kube-public');
    const content = info?.data?.['kubeconfig'];
    if (info === undefined || content === undefined) return;
    const signed: Record<string, string> = { kubeconfig: content };
    for (const secret of store.list(secrets, 'kube-system')) {
      const token = readToken(secret);
      if (token === undefined || !token.usages.includes('signing')) continue;
      if (token.expiresAt !== undefined && token.expiresAt <= now) continue;
      signed[`jws-kubeconfig-${token.id}`] = signClusterInfo(content, token);
    }
    if (JSON.stringify(signed) !== JSON.stringify(info.data)) store.put(configMaps, { ...info, data: signed });
  }

  /** Secrets whose owner is gone. */
  #collectGarbage(store: Store): void {
    for (const secret of store.list(secrets, 'kube-system')) {
      const owners = secret.metadata.ownerReferences ?? [];
      if (owners.length === 0) continue;
      const lives = owners.some(({ name, uid }) => store.get(secrets, name, 'kube-system')?.metadata.uid === uid);
      if (!lives) store.delete(secrets, secret.metadata.name, 'kube-system');
    }
  }

  /** A range of Pod addresses for each Node. */
  #giveRanges(store: Store): void {
    const all = store.list(nodes);
    const taken = new Set(all.map(({ spec }) => spec?.['podCIDR']));
    for (const node of all) {
      if (node.spec?.['podCIDR'] !== undefined) continue;
      let number = 0;
      while (taken.has(rangeOf(number))) number += 1;
      taken.add(rangeOf(number));
      store.put(nodes, { ...node, spec: { ...node.spec, podCIDR: rangeOf(number), podCIDRs: [rangeOf(number)] } });
    }
  }

  /** One step with each request that waits; whether more is to be done. */
  #signRequests(store: Store, machine: Machine): boolean {
    let more = false;
    for (const request of store.list(signingRequests)) {
      const status = (request.status ?? {}) as { certificate?: string; conditions?: readonly { type: string }[] };
      if (status.certificate !== undefined) continue;
      const approved = status.conditions?.some(({ type }) => type === 'Approved') === true;
      if (!approved) {
        if (!this.#approves(store, request)) continue;
        const condition = {
          type: 'Approved',
          status: 'True',
          reason: 'AutoApproved',
          message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
          lastUpdateTime: timestamp(machine.now()),
          lastTransitionTime: timestamp(machine.now()),
        };
        store.put(signingRequests, { ...request, status: { ...status, conditions: [condition] } });
        more = true;
        continue;
      }
      const certificate = this.#sign(request, machine);
      if (certificate !== undefined) store.put(signingRequests, { ...request, status: { ...status, certificate } });
    }
    return more;
  }

  #approves(store: Store, { spec = {} }: KubernetesObject): boolean {
    const groups = (spec['groups'] ?? []) as readonly string[];
    return (
      this.#runs('csrapproving') &&
      spec['signerName'] === 'kubernetes.io/kube-apiserver-client-kubelet' &&
      groups.some((group) => group.startsWith('system:bootstrappers')) &&
      store.get(clusterRoleBindings, 'kubeadm:node-autoapprove-bootstrap') !== undefined
    );
  }

  #sign({ spec = {} }: KubernetesObject, machine: Machine): string | undefined {
    const settings = this.settings.get(machine);
    if (settings === undefined || !this.#runs('csrsigning') || settings.signingKey === '') return undefined;
    const request = readSigningRequest(decode(spec['request'] as string));
    const now = machine.now();
    const { certificate } = issue(
      { certificate: settings.signingCertificate, key: settings.signingKey },
      {
        commonName: request.commonName,
        organizations: request.organizations,
        notBefore: now - 300_000,
        notAfter: now + yearMs,
        usage: 'client',
      },
      request.publicKey,
    );
    return encode(certificate);
  }
}
