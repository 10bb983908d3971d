import type { LoadBalancer } from './types.js';

const untouched = (what: string) =>
  Promise.resolve(`${what}: the load balancer is external, so nothing was changed there`);

/** A load balancer that somebody else manages (`loadBalancer.kind: external`): nothing is changed, and nothing is known. */
export const externalLoadBalancer = (): LoadBalancer => ({
  describe: () => Promise.resolve([]),
  register: ({ name }, state) => untouched(`${name} was not registered (${state})`),
  enable: (name) => untouched(`${name} was not enabled`),
  disable: (name) => untouched(`${name} was not disabled`),
  drain: (name) => untouched(`${name} was not drained`),
  remove: (name) => untouched(`${name} was not removed`),
  waitUntilUp: () => Promise.resolve(),
});
