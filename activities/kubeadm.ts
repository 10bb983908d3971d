import { diagnoseKubelet } from '../adapters/host/diagnose-bootstrap.js';
import { renderMarker } from '../adapters/host/marker.js';
import { classifyFailure } from '../adapters/kubeadm/failures/classify.js';
import { initCommand, joinCommand } from '../adapters/kubeadm/commands.js';
import { removeConfiguration, writeConfiguration } from '../adapters/kubeadm/configuration/file.js';
import { createCredentials } from '../adapters/kubeadm/credentials/credentials.js';
import { renderInit } from '../adapters/kubeadm/configuration/render-init.js';
import { renderJoin } from '../adapters/kubeadm/configuration/render-join.js';
import { revokeCredentials } from '../adapters/kubeadm/credentials/revoke.js';
import { readKubeletCertificate } from '../adapters/kubernetes/certificates.js';
import { readNode } from '../adapters/kubernetes/change-node.js';
import { diagnoseCertificateRequests } from '../adapters/kubernetes/csrs.js';
import { readyz, readyzThroughEndpoint } from '../adapters/kubernetes/readyz.js';
import type { Host } from '../adapters/ssh/types.js';
import { peersOf } from '../model/control-plane.js';
import type { OperationContext } from '../model/operation.js';
import { definitionOf } from '../model/operations.js';
import { errorText } from '../model/failures/operator-error.js';
import { claimantOf, markerOf, unitOf } from './shared/claimant.js';
import type { JoinFacts } from '../model/facts/join-facts.js';
import type { UnitOutcome } from '../model/facts/unit-outcome.js';
import { readMembersOfTarget } from './shared/members.js';
import type { Activities } from './contract.js';
import { hostOf, pickControlPlane } from './shared/control-plane.js';
import type { Dependencies } from './dependencies.js';
import { readTarget } from './host.js';
import { createProgressReporter } from './shared/kubeadm-progress.js';
import { runUnit } from './shared/run-unit.js';
import type { UnitRun } from './shared/run-unit.js';

/** Step in the name of the unit in which kubeadm runs. */
const kubeadmStep = (context: OperationContext): 'init' | 'join' =>
  definitionOf(context).makesCluster ? 'init' : 'join';

/** Names of the units that this run of the operation may have started for kubeadm, newest round first. */
export const kubeadmUnits = (context: OperationContext): string[] =>
  Array.from(
    { length: context.round + 1 },
    (_, index) => unitOf(context, kubeadmStep(context), context.round - index).unit,
  );

const outcomeOf = (context: OperationContext, unit: string, run: UnitRun, phase: string | undefined): UnitOutcome => {
  const failed = run.state === 'failed';
  const failure = failed
    ? classifyFailure({ output: run.log, host: context.target.name, endpoint: context.endpoint })
    : undefined;
  return {
    unit,
    state: run.state,
    ...(run.exitStatus === undefined ? {} : { exitStatus: run.exitStatus }),
    ...(phase === undefined ? {} : { phase }),
    ...(failure === undefined
      ? {}
      : {
          failure: { type: failure.type, message: failure.message, remedy: failure.remedy, evidence: failure.evidence },
        }),
    logFile: run.logFile,
  };
};

/**
 * What hangs in a TLS bootstrap: the certificate requests as a control-plane host lists them, then, of which the last
 * lines may be cut, the kubelet and etcd.
 */
export const diagnoseBootstrap = async (
  dependencies: Dependencies,
  context: OperationContext,
  host: Host,
  since: Date,
): Promise<string[]> => {
  const [kubelet, requests] = await Promise.allSettled([
    diagnoseKubelet(host),
    (async () => {
      const asked = await pickControlPlane(dependencies, context);
      return diagnoseCertificateRequests(asked.host, asked.entry.address, since, context.target.name);
    })(),
  ]);
  return [
    requests.status === 'fulfilled'
      ? requests.value
      : `certificate requests could not be read: ${errorText(requests.reason)}`,
    ...(kubelet.status === 'fulfilled'
      ? kubelet.value
      : [`${host.name} could not be asked: ${errorText(kubelet.reason)}`]),
  ];
};

const readEndpoint = async (host: Host, survivor: Host, endpoint: string): Promise<JoinFacts['endpoint']> => {
  if ((await readyzThroughEndpoint(host, endpoint)).ok) return 'reached';
  return (await readyzThroughEndpoint(survivor, endpoint)).ok ? 'not-from-the-host' : 'nobody-reaches-it';
};

export const kubeadmActivities = (
  dependencies: Dependencies,
): Pick<
  Activities,
  'createCredentials' | 'revokeCredentials' | 'writeInitConfiguration' | 'runKubeadm' | 'readJoin'
> => ({
  createCredentials: async (context) => {
    const { host, entry } = await pickControlPlane(dependencies, context);
    const controlPlane = definitionOf(context).uploadsCertificates;
    const made = await createCredentials(host, {
      operation: context.operation,
      address: entry.address,
      controlPlane,
      kubernetesVersion: context.kubernetesVersion,
      criSocket: context.kubeadm.criSocket,
    });
    const target = hostOf(dependencies, context.target);
    await writeConfiguration(target, context.operation, 'join', renderJoin(context, made));
    return { tokenId: made.tokenId, expiresAt: made.expiresAt, caHash: made.caHash, mintedOn: entry.name };
  },

  revokeCredentials: async (context) => {
    const target = hostOf(dependencies, context.target);
    const revoke = async (): Promise<string> => {
      if (definitionOf(context).makesCluster) {
        // After an init that was undone there is no API server to ask, and no token either. One that does not answer
        // just now has them still.
        const { initialised, because } = await readyz(target, context.target.address);
        if (!initialised) return `no token was left (${because ?? 'no API server'})`;
      }
      const candidates = definitionOf(context).makesCluster ? [context.target] : peersOf(context);
      const asked = await pickControlPlane(dependencies, context, candidates);
      const ids = await revokeCredentials(asked.host, {
        address: asked.entry.address,
        operation: context.operation,
        // One Secret for the whole cluster.
        sharedCertificates: definitionOf(context).uploadsCertificates,
      });
      return ids.length === 0 ? 'no token was left' : `revoked ${ids.join(', ')}`;
    };
    const [revoked] = await Promise.all([revoke(), removeConfiguration(target, context.operation)]);
    return `${revoked}; nothing of it is left below /run/quorate`;
  },

  writeInitConfiguration: async (context) => {
    const path = await writeConfiguration(
      hostOf(dependencies, context.target),
      context.operation,
      'init',
      renderInit(context),
    );
    return `${path}, readable by root alone`;
  },

  runKubeadm: async (context, checked, { attach = false } = {}) => {
    const host = hostOf(dependencies, context.target);
    const step = kubeadmStep(context);
    const { unit, description } = unitOf(context, step);
    const reporter = createProgressReporter(step, (since) => diagnoseBootstrap(dependencies, context, host, since));
    try {
      const run = await runUnit(
        host,
        {
          unit,
          description,
          argv: (definitionOf(context).makesCluster ? initCommand : joinCommand)(context.operation),
          runtimeMaxSec: Math.ceil(context.policy.joinBudgetMs / 1000),
          claim: {
            guard: { identity: checked.identity, own: claimantOf(context) },
            marker: renderMarker(markerOf(context)),
          },
        },
        { onLines: reporter.lines, reconnectMs: context.policy.unreachableBudgetMs, mustExist: attach },
      );
      return outcomeOf(context, unit, run, reporter.phase());
    } finally {
      reporter.stop();
    }
  },

  readJoin: async (context) => {
    const host = hostOf(dependencies, context.target);
    const survivors = definitionOf(context).makesCluster ? context.controlPlane : peersOf(context);
    const asked = await pickControlPlane(dependencies, context, survivors);
    const [facts, endpoint, node, [member], certificate, evidence] = await Promise.all([
      readTarget(host, context),
      readEndpoint(host, asked.host, context.endpoint),
      readNode(asked.host, asked.entry.address, context.target.name),
      definitionOf(context).hasEtcdMember ? readMembersOfTarget(context, asked.host) : [],
      readKubeletCertificate(host),
      diagnoseBootstrap(dependencies, context, host, new Date(Date.now() - 30 * 60_000)),
    ]);
    const kubeletConf = facts.kubeconfigs.find(({ file }) => file.endsWith('/kubelet.conf'));
    return {
      member:
        member === undefined
          ? 'none'
          : member.name === undefined
            ? 'unstarted'
            : member.isLearner
              ? 'learner'
              : 'voter',
      ...(member === undefined ? {} : { memberId: member.id }),
      ...(node === undefined ? {} : { node }),
      kubelet: facts.kubelet.active,
      // The kubelet writes kubelet.conf before it has a certificate.
      kubeletBootstrapped:
        kubeletConf?.caHash !== undefined && kubeletConf.caHash === facts.pkiCaHash && certificate.verified,
      endpoint,
      evidence: evidence.slice(0, 12),
    };
  },
});
