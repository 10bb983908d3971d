import { PlanReport } from '../../../model/plan-report.js';
import { StatusReport } from '../../../model/status/status.js';
import { reaches } from '../tokens/token.js';
import { ClusterList } from '../../client/client.js';
import { callerOf } from '../access/authenticate.js';
import { readFor } from '../parsed.js';
import { ofBody, refusals, type Api, type Serving } from '../routes.js';
import { PlanBody, SpecificationBody, ValidationReport } from '../schemas.js';

/** What is read about clusters, and what is asked about a specification. Nothing here changes anything. */
export const addClusterRoutes = (app: Api, { client, specifications }: Serving): void => {
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
      schema: {
        operationId: 'planOperation',
        tags: ['clusters'],
        summary: 'What an operation would find and do now',
        body: PlanBody,
        response: { 200: PlanReport, ...refusals(...ofBody, 422, 502) },
      },
    },
    async (request) => {
      const specification = await readFor(specifications, callerOf(request), request.body.specification);
      return client.plan({ ...request.body, specification });
    },
  );
  app.post(
    '/v1/status',
    {
      schema: {
        operationId: 'readStatus',
        tags: ['clusters'],
        summary: 'The cluster as its hosts see it now',
        body: SpecificationBody,
        response: { 200: StatusReport, ...refusals(...ofBody, 422, 502) },
      },
    },
    async (request) => {
      return client.status(await readFor(specifications, callerOf(request), request.body.specification));
    },
  );
};
