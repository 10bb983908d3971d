// Interceptors of the workflows in this suite, bundled with them.
import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';

/**
 * Of the product's 20 s, in which a worker that was killed is missed: a case would wait for nothing else. Activities
 * heartbeat every two seconds.
 */
const heartbeatTimeout = '5s';

export const interceptors: WorkflowInterceptorsFactory = () => ({
  outbound: [
    {
      scheduleActivity: (input, next) => next({ ...input, options: { ...input.options, heartbeatTimeout } }),
    },
  ],
});
