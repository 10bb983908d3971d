// What people do to hosts and clusters themselves, beside operations and without asking them.
import { readFile } from 'node:fs/promises';
import { labFile } from '../../../lab/paths.js';
import type { Simulation } from '../../../lab/simulation/index.js';
import type { Specification } from '../../../model/specification/specification.js';
import { initByHand, joinByHand, joinControlPlaneByHand, resetByHand } from '../../scenarios/failures/by-hand.js';
import type { PeopleStep } from './script.js';

export interface People {
  /** Resolves when they have done it, or have failed at it: they have no better luck than anybody else. */
  make(step: PeopleStep): Promise<void>;
  /** What they have done, or failed to do, one line each. */
  readonly did: readonly string[];
}

/** They wait for kubeadm no longer than that. */
const patienceSeconds = 6;

/** What kubeadm says of why it failed. */
const inShort = (text: string): string =>
  (text.match(/^\s*(\[ERROR|error:|error execution).*$/gim) ?? text.trim().split('\n').slice(-1))
    .join('; ')
    .slice(0, 300);

export const makePeople = (simulation: Simulation, specification: Specification): People => {
  const place = { host: (name: string) => simulation.host(name), specification };
  const { observer } = simulation;
  const on = async (host: string, script: string): Promise<string> => {
    const { code, stdout, stderr } = await simulation
      .host(host)
      .console(script, { timeoutMs: 2 * patienceSeconds * 1_000 });
    if (code !== 0) throw new Error(`${host}: ${stderr}`);
    return stdout;
  };
  /** A host of the cluster that the specification means. */
  const serving = (but?: string): string | undefined =>
    simulation.hosts.find(
      ({ name }) =>
        name !== but &&
        observer.isServing(name) &&
        observer.read(name, '/etc/kubernetes/admin.conf')?.includes(specification.spec.controlPlaneEndpoint) === true,
    )?.name;
  const onServing = async (script: string): Promise<void> => {
    const host = serving();
    if (host !== undefined) await on(host, `timeout ${patienceSeconds} ${script}`);
  };
  const installNetwork = async (host: string): Promise<void> => {
    const stdin = await readFile(labFile('lab-network.yaml'));
    await simulation.host(host).console('kubectl --kubeconfig /etc/kubernetes/admin.conf apply -f -', { stdin });
  };
  const isNode = (host: string): boolean => observer.files(host, '/etc/kubernetes').length > 0;

  const make = async (step: PeopleStep): Promise<void> => {
    switch (step.do) {
      case 'joined by hand': {
        const at = serving(step.host);
        if (at === undefined) return;
        if (isNode(step.host)) await resetByHand(place, step.host, patienceSeconds);
        const options = { at, seconds: patienceSeconds };
        return step.host.startsWith('cp')
          ? joinControlPlaneByHand(place, step.host, options)
          : joinByHand(place, step.host, undefined, options);
      }
      case 'initialised by hand':
        await initByHand(place, step.host, patienceSeconds);
        return installNetwork(step.host);
      case 'rebuilt as another cluster':
        await simulation.host(step.host).rebuild();
        await initByHand(place, step.host, patienceSeconds);
        return installNetwork(step.host);
      case 'reset by hand':
        return resetByHand(place, step.host, patienceSeconds);
      case 're-imaged':
        return simulation.host(step.host).rebuild();
      case 'renamed': {
        const now = (await on(step.host, 'hostname')).trim();
        await on(step.host, `hostnamectl set-hostname ${now === step.host ? `${step.host}-old` : step.host}`);
        return;
      }
      case 'token made':
        return onServing(`kubeadm token create --description "for a colleague" --ttl ${step.ttl}`);
      case 'snapshot saved': {
        const pki = '/etc/kubernetes/pki/etcd';
        const folder = '/var/lib/quorate/snapshots';
        const etcdctl = `etcdctl --endpoints=https://127.0.0.1:2379 --cacert=${pki}/ca.crt --cert=${pki}/healthcheck-client.crt --key=${pki}/healthcheck-client.key`;
        return onServing(`sh -c 'mkdir -p ${folder}; ${etcdctl} snapshot save ${folder}/${step.file}'`);
      }
      case 'backend added': {
        const { address } = simulation.host(step.host);
        const file = '/etc/haproxy/haproxy.cfg';
        await on(
          'lb1',
          `grep -q "server ${step.host} " ${file} || { cp ${file} /root/new; echo "    server ${step.host} ${address}:6443" >> /root/new; cp /root/new ${file}; systemctl reload haproxy; }`,
        );
        return;
      }
    }
  };
  const did: string[] = [];
  return {
    did,
    make: async (step) => {
      const about = 'host' in step ? step.host : 'file' in step ? step.file : step.ttl;
      const said = `${step.do} ${about}`;
      try {
        await make(step);
        did.push(said);
      } catch (error) {
        // What they could not do they leave as it is; a mistake of this file is none of theirs.
        if (error instanceof TypeError) throw error;
        did.push(`${said}: failed: ${inShort(error instanceof Error ? error.message : String(error))}`);
      }
    },
  };
};
