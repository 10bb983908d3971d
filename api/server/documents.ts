import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { accessTable, type Access, type RouteId } from './access/access-table.js';
import { publicRefusals, type Api } from './routes.js';

type Document = ReturnType<FastifyInstance['swagger']>;
type Transform = NonNullable<Parameters<typeof jsonSchemaTransform>[0]>;

/** Response headers: the zod type provider knows bodies only. */
const answerHeaders: Readonly<Record<string, Readonly<Record<string, { description: string; schema: object }>>>> = {
  202: { location: { description: 'Path of the operation.', schema: { type: 'string' } } },
  429: { 'retry-after': { description: 'Seconds to wait.', schema: { type: 'integer' } } },
  503: { 'retry-after': { description: 'Seconds to wait.', schema: { type: 'integer' } } },
};

const whose: Readonly<Record<Access['clusters'], string>> = {
  named: 'for the cluster that is named',
  own: 'and is about the clusters that the token reaches',
  none: 'for any cluster',
  server: 'for all clusters, or the role admin',
};

const transform: typeof jsonSchemaTransform = (input: Transform) => {
  const { schema, url } = jsonSchemaTransform(input);
  const { operationId, description } = schema as { operationId?: RouteId; description?: string };
  if (operationId === undefined) return { schema, url };
  const { role, clusters } = accessTable[operationId] as Access;
  const needs = role === 'anyone' ? 'Needs no token.' : `Needs a token with the role ${role} ${whose[clusters]}.`;
  return {
    url,
    schema: {
      ...schema,
      description: description === undefined ? needs : `${description}\n\n${needs}`,
      security: role === 'anyone' ? [] : [{ token: [] }],
    },
  };
};

/** Names of the components that a part of the document refers to. */
const references = (part: unknown): string[] =>
  [...JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1] ?? '');

/** Only the components that are referred to: the type provider writes each of them twice. */
const withoutUnused = (document: Document): Document => {
  const { components = {}, paths } = document as {
    components?: { schemas?: Record<string, unknown> };
    paths?: unknown;
  };
  const { schemas = {} } = components;
  const used = new Set<string>();
  const add = (names: readonly string[]): void => {
    for (const name of names.filter((one) => !used.has(one))) {
      used.add(name);
      add(references(schemas[name] ?? {}));
    }
  };
  add(references(paths ?? {}));
  const kept = Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
  return Object.assign({}, document, { components: { ...components, schemas: kept } });
};

const withHeaders = (document: Document): Document => {
  const { paths = {} } = document as { paths?: Record<string, Record<string, { responses?: Record<string, object> }>> };
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    for (const [status, response] of Object.entries(operation.responses ?? {})) {
      if (answerHeaders[status] !== undefined) Object.assign(response, { headers: answerHeaders[status] });
    }
  }
  return document;
};

/** The OpenAPI document of what is registered after it, and the page that shows it. */
export const addDocuments = async (app: FastifyInstance, version: string): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Quorate',
        version,
        description:
          'Durable operations on the control plane of kubeadm clusters. Every answer that is no success is application/problem+json (RFC 9457) with a remedy.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'operations', description: 'Start, watch and decide operations.' },
        { name: 'clusters', description: 'Read clusters and specifications; changes nothing.' },
        { name: 'server', description: 'The API server itself.' },
      ],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'Made by `quorate token create NAME`.' },
        },
      },
    },
    transform,
    transformObject: (input) => withHeaders(withoutUnused(jsonSchemaTransformObject(input) as Document)) as never,
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    // Everything is served from here: no online validator, no web fonts.
    uiConfig: { validatorUrl: null, deepLinking: true, docExpansion: 'list', tryItOutEnabled: true },
    staticCSP: [
      "default-src 'self'",
      "img-src 'self' data:",
      "style-src 'self' 'unsafe-inline'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'self'",
    ].join('; '),
    theme: { title: 'Quorate API' },
  });
};

export const addOpenApiRoute = (app: Api): void => {
  app.get(
    '/openapi.json',
    {
      schema: {
        operationId: 'getOpenApi',
        tags: ['server'],
        summary: 'This document, OpenAPI 3.1',
        response: { 200: z.looseObject({ openapi: z.string() }), ...publicRefusals() },
      },
    },
    async () => app.swagger() as { openapi: string },
  );
};
