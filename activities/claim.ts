import { claimName } from '../adapters/kubernetes/claim-name.js';
import { claimedByAnother } from '../model/cluster-name.js';
import { definitionOf } from '../model/operations.js';
import type { Activities } from './contract.js';
import type { Dependencies } from './dependencies.js';
import { pickControlPlane } from './shared/control-plane.js';

export const claimActivities = (dependencies: Dependencies): Pick<Activities, 'claimCluster'> => ({
  claimCluster: async (context) => {
    const { cluster, target } = context;
    const asked = await (definitionOf(context).makesCluster
      ? pickControlPlane(dependencies, context, [target])
      : pickControlPlane(dependencies, context));
    const managedAs = await claimName(asked.host, asked.entry.address, cluster);
    const other = claimedByAnother(cluster, managedAs, asked.entry.name);
    if (other !== undefined) throw other;
    return `the cluster says that it is ${cluster} (ConfigMap kube-system/quorate), read on ${asked.entry.name}`;
  },
});
