import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { specificationJsonSchema } from '../../../model/specification/json-schema.js';

type Schema = { [key: string]: unknown; properties?: Record<string, Schema>; description?: string };

describe('schema/cluster.schema.json', () => {
  it('is current (node dist/scripts/generate-schema.js makes it so)', () => {
    const file = new URL('../../../schema/cluster.schema.json', import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(specificationJsonSchema())));
  });

  it('lets fields with a default out and refuses unknown ones', () => {
    const spec = (specificationJsonSchema() as Schema).properties?.['spec'];
    expect(spec?.['required']).toEqual(['kubernetesVersion', 'controlPlaneEndpoint', 'loadBalancer', 'hosts']);
    expect(spec?.['additionalProperties']).toBe(false);
  });

  it('describes every field, with the default where there is one', () => {
    const undescribed: string[] = [];
    const walk = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      for (const [key, value] of Object.entries(schema)) {
        if (key === 'properties')
          for (const [name, field] of Object.entries(value as Record<string, Schema>)) {
            const described = field.description ?? '';
            if (described === '') undescribed.push(`${path}.${name}`);
            if ('default' in field && typeof field['default'] !== 'object' && !/default/i.test(described))
              undescribed.push(`${path}.${name} (its default)`);
            walk(field, `${path}.${name}`);
          }
        else walk(value, path);
      }
    };
    walk(specificationJsonSchema(), '');
    expect(undescribed).toEqual([]);
  });
});
