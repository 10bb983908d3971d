import type { ClusterFacts } from '../facts/cluster-facts.js';

type Server = ClusterFacts['controlPlane'][number];

/** A host that shows no cluster because there is none on it, rather than because it could not be asked. */
export const isBlank = (server: Server): boolean =>
  !server.initialised &&
  server.answers !== true &&
  (server.because === undefined || /admin\.conf|not initiali[sz]ed/i.test(server.because));

export const serverLine = (server: Server): string =>
  `${server.host}: ${server.ready ? 'ready' : (server.because ?? (server.initialised ? 'not ready' : 'no admin.conf'))}`;
