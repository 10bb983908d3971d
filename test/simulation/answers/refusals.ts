import { setTimeout as sleep } from 'node:timers/promises';
import { moveLeader, removeMember } from '../../../adapters/etcd/change-members.js';
import { readEtcd } from '../../../adapters/etcd/read-etcd.js';
import { listOurTokens } from '../../../adapters/kubeadm/credentials/revoke.js';
import { deleteNode, readNode, setNodeLabelsAndTaints } from '../../../adapters/kubernetes/change-node.js';
import { readCluster } from '../../../adapters/kubernetes/read-cluster.js';
import { createLoadBalancer } from '../../../adapters/load-balancer/index.js';
import { ensureUnit } from '../../../adapters/systemd/ensure-unit.js';
import { followUnit } from '../../../adapters/systemd/follow-unit.js';
import { forgetUnit, stopUnit } from '../../../adapters/systemd/stop-unit.js';
import { unitName } from '../../../adapters/systemd/unit-name.js';
import { clusterName } from './stage.js';
import type { Part } from './stage.js';
import { adminKubectl, etcdctl } from './steps.js';

/** What a whole cluster, its hosts and its load balancer answer, and what they refuse. */
export const refusals: readonly Part[] = [
  {
    title: 'units',
    play: async ({ hosts, attempt, ask }) => {
      const host = hosts.host('w1');
      const unit = (step: string): string =>
        unitName({ operation: clusterName, run: 'by-hand', step, host: 'w1', round: 0 });
      const start = (step: string, argv: readonly string[], runtimeMaxSec = 60) =>
        attempt('w1', `start ${step}`, async () => {
          const { outcome } = await ensureUnit(host, { unit: unit(step), argv: [...argv], runtimeMaxSec });
          return outcome;
        });
      const follow = (step: string) =>
        attempt('w1', `follow ${step}`, async () => {
          let text = '';
          const { state, exitStatus, signal } = await followUnit(host, unit(step), {
            offset: 0,
            onOutput: (more) => (text += more),
            timeoutMs: 30_000,
          });
          return { state, exitStatus, signal, text };
        });
      await start('sleeps', ['sleep', '600']);
      await start('sleeps', ['sleep', '600']);
      await attempt('w1', 'stop', async () => (await stopUnit(host, unit('sleeps'))).state);
      await start('succeeds', ['sh', '-c', 'echo one; echo two']);
      await follow('succeeds');
      await start('fails', ['sh', '-c', 'echo wrong >&2; exit 3']);
      await follow('fails');
      await start('too-slow', ['sleep', '600'], 1);
      await follow('too-slow');
      await start('is-missing', ['no-such-program', 'x']);
      for (const step of ['succeeds', 'fails', 'too-slow', 'is-missing'])
        await attempt('w1', `forget ${step}`, async () => (await forgetUnit(host, unit(step))).state);
      await ask(
        'w1',
        'units that are not there',
        'systemctl is-active nothing; systemctl is-enabled nothing; systemctl start nothing',
      );
    },
  },
  {
    title: 'what etcd refuses',
    play: async ({ hosts, lab, attempt, ask }) => {
      const cp1 = hosts.host('cp1');
      const { members } = await readEtcd(cp1);
      const member = (name: string) => {
        const found = members.find((one) => one.name === name);
        if (found === undefined) throw new Error(`no member ${name}`);
        return found;
      };
      const leader = members.find(({ status }) => status?.isLeader === true) ?? member('cp1');
      if (leader.name !== 'cp1')
        await attempt('cp1', 'move to cp1', () => moveLeader(cp1, leader.clientUrls, member('cp1').id));
      await attempt('cp1', 'move to cp2', () => moveLeader(cp1, member('cp1').clientUrls, member('cp2').id));
      await attempt('cp1', 'ask a follower to move', () => moveLeader(cp1, member('cp1').clientUrls, member('cp3').id));
      await attempt('cp1', 'move back', () => moveLeader(cp1, member('cp2').clientUrls, member('cp1').id));
      await attempt('cp1', 'move to nobody', () => moveLeader(cp1, member('cp1').clientUrls, 'abc123'));
      const gone = { id: 'abc123', peerUrls: [], clientUrls: [], isLearner: false };
      await attempt('cp1', 'remove what is not there', () => removeMember(cp1, gone));
      await attempt('cp1', 'remove what was promoted meanwhile', () =>
        removeMember(cp1, { ...member('cp3'), isLearner: true }),
      );
      const peer = (suffix: number): string => `https://${lab.subnet}.${suffix}:2380`;
      await ask('cp1', 'remove an unknown member', `${etcdctl} member remove abc123`);
      await ask('cp1', 'add a learner', `${etcdctl} member add cp8 --learner --peer-urls=${peer(18)} -w json`);
      // A member's id is made from its peer URLs and the second of its making: in the same second etcd refuses the id.
      await sleep(1_000);
      await ask('cp1', 'add a second learner', `${etcdctl} member add cp9 --learner --peer-urls=${peer(19)} -w json`);
      await ask(
        'cp1',
        'add a member of the same peer URL',
        `${etcdctl} member add cp7 --peer-urls=${peer(18)} -w json`,
      );
      const learner = `$(${etcdctl} member list | grep ${lab.subnet}.18 | cut -d, -f1)`;
      await ask('cp1', 'promote a learner that never started', `${etcdctl} member promote ${learner}`);
      await ask('cp1', 'move the leadership to a learner', `${etcdctl} move-leader ${learner}`);
      await attempt('cp1', 'read with a learner', async () => (await readEtcd(cp1)).members.length);
      await ask('cp1', 'list with a learner', `${etcdctl} member list`);
      await ask('cp1', 'remove the learner', `${etcdctl} member remove ${learner} | cut -d ' ' -f 1,3-4,6-`);
      await ask('cp1', 'promote a voter', `${etcdctl} member promote ${member('cp2').id}`);
      await ask(
        'cp1',
        'no etcd listens',
        `${etcdctl.replace('2379', '2399')} --dial-timeout=1s --command-timeout=1s member list 2>&1 | tail -n 1`,
      );
    },
  },
  {
    title: 'what the API server refuses',
    play: async ({ hosts, lab, attempt, ask }) => {
      const cp1 = hosts.host('cp1');
      const { address } = lab.host('cp1');
      await attempt('cp1', 'read a Node that is not there', () => readNode(cp1, address, 'nobody'));
      await attempt('cp1', 'delete a Node that is not there', () =>
        deleteNode(cp1, address, { name: 'nobody', uid: 'uid' }),
      );
      await attempt('cp1', 'delete a Node of another uid', () => deleteNode(cp1, address, { name: 'w1', uid: 'uid' }));
      await attempt('cp1', 'delete a Node that was written meanwhile', async () => {
        const { uid = '' } = (await readNode(cp1, address, 'w1')) ?? {};
        return deleteNode(cp1, address, { name: 'w1', uid, resourceVersion: '1' });
      });
      await attempt('cp1', 'label and taint a Node', () =>
        setNodeLabelsAndTaints(cp1, address, 'w1', {
          labels: { zone: 'a' },
          taints: [{ key: 'for', value: 'test', effect: 'PreferNoSchedule' }],
        }),
      );
      await attempt('cp1', 'label a Node that is not there', () =>
        setNodeLabelsAndTaints(cp1, address, 'nobody', { labels: { zone: 'a' }, taints: [] }),
      );
      await attempt('cp1', 'read a Node with label and taint', () => readNode(cp1, address, 'w1'));
      await attempt('cp1', 'list tokens', () => listOurTokens(cp1, address));
      await ask('cp1', 'a Secret that is not there', `${adminKubectl} -n kube-system get secret nothing`);
      await ask('cp1', 'nothing listens', `${adminKubectl} --server https://${address}:6444 get nodes`);
      await ask('cp1', 'nobody asks', `curl -sk https://${address}:6443/api/v1/nodes`);
      await ask('cp1', 'a path that is not there', `${adminKubectl} get --raw /api/v1/nothing`);
      await ask('w1', 'no kubeconfig', `${adminKubectl} get nodes`);
      await attempt('w1', 'read where there is no admin.conf', () =>
        readNode(hosts.host('w1'), lab.host('w1').address, 'w1'),
      );
    },
  },
  {
    title: 'HAProxy and its socket',
    play: async ({ hosts, lab, context, attempt, ask }) => {
      const { cluster, loadBalancer, endpoint } = context('init', 'cp1');
      const balancer = createLoadBalancer({ cluster, hosts, loadBalancer, endpoint });
      await attempt('lb1', 'describe', () => balancer.describe());
      await attempt('lb1', 'register again', () =>
        balancer.register({ name: 'cp3', address: `${lab.subnet}.13` }, 'enabled'),
      );
      await attempt('lb1', 'drain', () => balancer.drain('cp3'));
      await attempt('lb1', 'disable', () => balancer.disable('cp3'));
      await attempt('lb1', 'wait for a disabled one', () => balancer.waitUntilUp('cp3', { timeoutMs: 1000 }));
      await attempt('lb1', 'enable', () => balancer.enable('cp3'));
      await attempt('lb1', 'wait', () => balancer.waitUntilUp('cp3', { timeoutMs: 20_000 }));
      await attempt('lb1', 'register one that is away', () =>
        balancer.register({ name: 'cp9', address: `${lab.subnet}.19` }, 'disabled'),
      );
      await attempt('lb1', 'remove it', () => balancer.remove('cp9'));
      await attempt('lb1', 'remove what is not there', () => balancer.remove('cp9'));
      await attempt('lb1', 'enable what is not there', () => balancer.enable('cp9'));
      const socket = (commands: string): string => `echo '${commands}' | socat stdio /run/haproxy/admin.sock`;
      await ask('lb1', 'a server that is not there', socket('set server kube-apiserver/cp9 state ready'));
      await ask('lb1', 'a backend that is not there', socket('set server nothing/cp1 state ready'));
      await ask('lb1', 'a state that is not one', socket('set server kube-apiserver/cp1 state great'));
      await ask('lb1', 'a command that is not one', `${socket('make coffee')} | head -n 1`);
      await ask('lb1', 'the state of servers', socket('show servers state'));
      await ask('lb1', 'statistics', socket('show stat'));
      await ask(
        'lb1',
        'a configuration that is wrong',
        'printf "frontend x\\n bind :1\\n default_backend nothing\\n" > /tmp/x.cfg; haproxy -c -f /tmp/x.cfg; rm /tmp/x.cfg',
      );
    },
  },
  {
    title: 'without curl',
    play: async (stage) => {
      await stage.lab.host('cp1').check('mv /usr/bin/curl /usr/bin/curl.away');
      const context = stage.context('init', 'cp1');
      await stage.act('readHost', context);
      const cp1 = stage.hosts.host('cp1');
      await stage.attempt('cp1', 'read etcd', async () => (await readEtcd(cp1)).members.length);
      await stage.attempt('cp1', 'read a Node', () => readNode(cp1, stage.lab.host('cp1').address, 'w1'));
      await stage.attempt('cp1', 'read a Node that is not there', () =>
        readNode(cp1, stage.lab.host('cp1').address, 'nobody'),
      );
      await stage.attempt('cp1', 'read the cluster', () => readCluster(cp1, stage.lab.host('cp1').address));
      await stage.lab.host('cp1').check('mv /usr/bin/curl.away /usr/bin/curl');
    },
  },
  {
    title: 'what kubeadm refuses',
    play: async ({ ask, lab }) => {
      const endpoint = `${lab.host('lb1').address}:6443`;
      const hash = `sha256:${'0'.repeat(64)}`;
      const token = 'abcdef.0123456789abcdef';
      const joinWith = (address: string, timeout = '10s') => `cat > /root/join.yaml <<X
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
nodeRegistration: { ignorePreflightErrors: [all] }
timeouts: { discovery: ${timeout}, tlsBootstrap: ${timeout} }
discovery:
  bootstrapToken: { apiServerEndpoint: "${address}", token: ${token}, caCertHashes: ["${hash}"] }
X
kubeadm join --config /root/join.yaml; code=$?; rm /root/join.yaml; exit $code`;
      await ask(
        'w1',
        'join a host that has joined',
        `kubeadm join ${endpoint} --token ${token} --discovery-token-ca-cert-hash ${hash}`,
      );
      await ask('cp1', 'init again', 'kubeadm init --kubernetes-version v1.37.1');
      await ask('w1', 'join without a configuration', 'kubeadm join --config /root/nothing.yaml');
      await ask(
        'w1',
        'join with half a token',
        `kubeadm join ${endpoint} --token abcdef --discovery-token-unsafe-skip-ca-verification`,
      );
      await ask('w1', 'join without anything', 'kubeadm join');
      await ask('cp1', 'a token that is none', 'kubeadm token create abc');
      await ask('cp1', 'delete a token that is not there', 'kubeadm token delete abcdef');
      await ask('w1', 'no cluster to ask', 'kubeadm token list');
      await ask('w1', 'a token that nobody signed', joinWith(endpoint));
      await ask('w1', 'an endpoint that refuses', joinWith(`${lab.host('cp1').address}:6444`));
      await ask('cp1', 'a name that is no command', 'kubeadm make coffee');
    },
  },
];
