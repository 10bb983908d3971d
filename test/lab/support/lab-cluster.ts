import { startLab } from '../../../lab/index.js';
import type { HostOptions, Lab } from '../../../lab/index.js';
import { makeTopology } from '../../../lab/topology.js';
import { requireFinished, startOperations } from '../../scenarios/operations.js';
import type { Operations } from '../../scenarios/operations.js';
import { backends, etcdctl, etcdMembers, eventually, kubectl, leftoverSecrets, nodes } from './world.js';

const controlPlaneNames = (count: number): string[] => Array.from({ length: count }, (_, index) => `cp${index + 1}`);

/** Every host that any scenario may ask for. */
const topology = makeTopology({ controlPlanes: 5, workers: 3, loadBalancers: 1 });

const optionsOf = (name: string): HostOptions => {
  const found = topology.find((host) => host.name === name);
  if (found === undefined) throw new Error(`no scenario of the lab has a host ${name}`);
  return found;
};

/**
 * One cluster of the lab for many scenarios: it is built once, grows when a scenario wants more control-plane nodes,
 * and is as it was before after each. New hosts are new: their disks are made anew.
 */
export class LabCluster {
  #lab: Lab | undefined;
  /** In the cluster between scenarios. */
  #members: readonly string[] = [];
  readonly #used = new Set<string>();
  #configuration = '';

  constructor(readonly name: string) {}

  /** A cluster of that many control-plane nodes, and new hosts of those names. */
  async prepare(controlPlanes: number, newHosts: readonly string[]): Promise<Lab> {
    if (this.#members.length > controlPlanes) await this.discard();
    const lab = (this.#lab ??= await startLab({
      name: this.name,
      hosts: [optionsOf('lb1'), optionsOf('cp1')],
      progress: (line) => console.log(line),
    }));
    if (this.#members.length < controlPlanes) await this.#grow(lab, controlPlanes);
    for (const host of newHosts) await this.#makeNew(lab, host);
    return lab;
  }

  async #makeNew(lab: Lab, name: string): Promise<void> {
    if (!lab.hosts.some((host) => host.name === name)) await lab.addHost(optionsOf(name));
    else if (this.#used.has(name) || !lab.host(name).isOn()) await lab.host(name).rebuild();
    this.#used.add(name);
  }

  async #grow(lab: Lab, controlPlanes: number): Promise<void> {
    const wanted = controlPlaneNames(controlPlanes);
    for (const host of wanted.slice(Math.max(1, this.#members.length))) await this.#makeNew(lab, host);
    const operations = await this.#operations(lab, wanted);
    try {
      for (const host of wanted.slice(this.#members.length)) {
        requireFinished(await operations.run(host === 'cp1' ? 'init' : 'join-control-plane', host));
        if (host === 'cp1') await lab.installNetwork('cp1');
      }
    } finally {
      await operations.stop();
    }
    this.#members = wanted;
    this.#configuration = await lab.host('lb1').check('cat /etc/haproxy/haproxy.cfg');
    await this.#expectWhole(lab);
  }

  #operations(lab: Lab, hosts: readonly string[]): Promise<Operations> {
    return startOperations({
      cluster: this.name,
      hosts: ['lb1', ...hosts].map((host) => lab.host(host)),
      sshConfigFile: lab.sshConfigFile,
    });
  }

  /** Takes out of the cluster what a scenario has brought into it. @throws Error when it is not as before then */
  async restore(): Promise<void> {
    const lab = this.#lab;
    if (lab === undefined) return;
    await lab.faults.clear();
    const stays = new Set(['lb1', ...this.#members]);
    for (const member of await etcdMembers(lab))
      if (!stays.has(member.name ?? ''))
        await eventually(`${member.name} is no member`, async () => {
          await lab.host('cp1').check(`${etcdctl} member remove ${member.ID}`);
          return true;
        });
    await Promise.all(lab.hosts.filter(({ name }) => !stays.has(name)).map((host) => host.powerCut()));
    for (const node of Object.keys(await nodes(lab)))
      if (!stays.has(node)) await lab.host('cp1').check(`${kubectl} delete node ${node}`);
    for (const secret of await leftoverSecrets(lab))
      await lab.host('cp1').check(`${kubectl} -n kube-system delete secret ${secret}`);
    await lab.host('cp1').check(`${kubectl} delete certificatesigningrequests --all`);
    await lab.host('lb1').check('cat > /etc/haproxy/haproxy.cfg && systemctl restart haproxy', {
      stdin: this.#configuration,
    });
    await this.#expectWhole(lab);
  }

  async #expectWhole(lab: Lab): Promise<void> {
    const members = this.#members.toSorted().join();
    const whole = (states: Record<string, string>, state: string): boolean =>
      Object.keys(states).toSorted().join() === members && Object.values(states).every((one) => one === state);
    await eventually(`${members} make up the cluster`, async () => {
      const voters = (await etcdMembers(lab)).map(({ name = '' }) => name).toSorted();
      return voters.join() === members && whole(await nodes(lab), 'True') && whole(await backends(lab), 'UP');
    });
  }

  /** Ends the lab; the next scenario gets another. */
  async discard(): Promise<void> {
    await this.#lab?.down();
    this.#lab = undefined;
    this.#members = [];
    this.#used.clear();
  }
}
