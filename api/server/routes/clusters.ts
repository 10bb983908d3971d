import { PlanReport } from '../../../model/plan-report.js';
import { StatusReport } from '../../../model/status/status.js';
import { reaches } from '../tokens/token.js';
import { ClusterList, type GivenSpecification, type SpecificationText } from '../../client/client.js';
import type { Caller } from '../access/caller.js';
import { ApiProblem } from '../problems/api-problem.js';
import { createSlots } from '../slots.js';
import { callerOf } from '../access/authenticate.js';
import { readFor } from '../parsed.js';
import { ofBody, refusals, type Api, type Serving } from '../routes.js';
import { PlanBody, SpecificationBody, ValidationReport } from '../schemas.js';

/** What is read about clusters, and what is asked about a specification. Nothing here changes anything. */
export const addClusterRoutes = (app: Api, { client, specifications, limits }: Serving): void => {
  const slots = createSlots({
    all: limits.readings,
    perToken: limits.readingsPerToken,
    what: 'readings of hosts',
    remedy: 'Wait for their answers. The option --max-readings-per-token of `quorate server` is the limit.',
    retryAfter: 5,
  });
  // One for both routes, in place of that of all others.
  const onRequest = app.rateLimit({
    max: limits.readingsPerMinute,
    timeWindow: 60_000,
    errorResponseBuilder: (_request, { max }) =>
      new ApiProblem('too-many-requests', `More than ${max} readings of hosts within a minute.`, {
        remedy: 'Wait as Retry-After says. The option --reading-rate of `quorate server` is the limit.',
      }),
  });
  /** Each one makes a worker log in to hosts that the request names. */
  const reading = async <Report>(
    caller: Caller,
    given: SpecificationText,
    read: (specification: GivenSpecification) => Promise<Report>,
  ): Promise<Report> => {
    const specification = await readFor(specifications, caller, given);
    const release = slots.take(caller);
    try {
      return await read(specification);
    } finally {
      release();
    }
  };
  app.get(
    '/v1/clusters',
    {
      schema: {
        operationId: 'listClusters',
        tags: ['clusters'],
        summary: 'Clusters that have, or had, operations',
        response: { 200: ClusterList, ...refusals() },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const { clusters, notes } = await client.clusters();
      return { clusters: clusters.filter(({ cluster }) => reaches(caller, cluster)), notes: [...notes] };
    },
  );
  app.post(
    '/v1/validate',
    {
      schema: {
        operationId: 'validateSpecification',
        tags: ['clusters'],
        summary: 'Every problem of a specification, with its place and what to write instead',
        body: SpecificationBody,
        response: { 200: ValidationReport, ...refusals(...ofBody) },
      },
    },
    async (request) => {
      const { file } = request.body.specification;
      const parsed = await specifications.read(callerOf(request), request.body.specification);
      return parsed.ok
        ? { file, valid: true, problems: [], warnings: [...parsed.warnings] }
        : { file, valid: false, problems: [...parsed.problems], warnings: [] };
    },
  );
  app.post(
    '/v1/plan',
    {
      config: { rateLimit: false },
      onRequest,
      schema: {
        operationId: 'planOperation',
        tags: ['clusters'],
        summary: 'What an operation would find and do now',
        body: PlanBody,
        response: { 200: PlanReport, ...refusals(...ofBody, 422, 502) },
      },
    },
    async (request) => {
      const { specification: given, ...change } = request.body;
      return reading(callerOf(request), given, (specification) => client.plan({ ...change, specification }));
    },
  );
  app.post(
    '/v1/status',
    {
      config: { rateLimit: false },
      onRequest,
      schema: {
        operationId: 'readStatus',
        tags: ['clusters'],
        summary: 'The cluster as its hosts see it now',
        body: SpecificationBody,
        response: { 200: StatusReport, ...refusals(...ofBody, 422, 502) },
      },
    },
    async (request) => {
      return reading(callerOf(request), request.body.specification, (specification) => client.status(specification));
    },
  );
};
