// Writes schema/cluster.schema.json from the schema in model; a test says when it is not current.
// Usage: node dist/scripts/generate-schema.js (after npm run build)
import { writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { specificationJsonSchema } from '../model/specification/json-schema.js';

const file = 'schema/cluster.schema.json';
const options = await resolveConfig(file);
writeFileSync(file, await format(JSON.stringify(specificationJsonSchema()), { ...options, parser: 'json' }));
console.log(`${file} written`);
