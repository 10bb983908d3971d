import { cancellationSignal } from '@temporalio/activity';
import { readyzThroughEndpoint } from '../adapters/kubernetes/readyz.js';
import { QuorateError } from '../model/failures/failure.js';
import type { Activities } from './contract.js';
import { hostOf } from './shared/control-plane.js';
import type { Dependencies } from './dependencies.js';
import { loadBalancerOf } from './read.js';

export const loadBalancerActivities = (
  dependencies: Dependencies,
): Pick<Activities, 'registerBackend' | 'enableBackend' | 'disableBackend' | 'removeBackend'> => ({
  registerBackend: (context, enabled) =>
    loadBalancerOf(dependencies, context).register(context.target, enabled ? 'enabled' : 'disabled'),

  enableBackend: async (context) => {
    const loadBalancer = loadBalancerOf(dependencies, context);
    const known = await loadBalancer.describe();
    // A host that was joined by hand is proven but not behind the load balancer yet.
    const note =
      context.loadBalancer.kind === 'external' || known.some(({ name }) => name === context.target.name)
        ? await loadBalancer.enable(context.target.name)
        : await loadBalancer.register(context.target, 'enabled');
    await loadBalancer.waitUntilUp(context.target.name, {
      signal: cancellationSignal(),
      timeoutMs: Math.min(60_000, context.policy.readyBudgetMs),
    });
    const through = await readyzThroughEndpoint(hostOf(dependencies, context.target), context.endpoint);
    if (!through.ok) {
      throw new QuorateError(
        'BackendNotUp',
        `/readyz through ${context.endpoint} is not ok: ${through.because ?? 'no answer'}`,
        {
          host: context.target.name,
          remedy: `see that ${context.endpoint} is reached from ${context.target.name}, then retry`,
        },
      );
    }
    return `${note}; UP; /readyz through ${context.endpoint} ok in ${through.ms ?? 0} ms`;
  },

  disableBackend: (context) => loadBalancerOf(dependencies, context).disable(context.target.name),
  removeBackend: (context) => loadBalancerOf(dependencies, context).remove(context.target.name),
});
