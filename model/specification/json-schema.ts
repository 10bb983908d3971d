import { z } from 'zod';
import { Specification } from './specification.js';

/** The JSON Schema of cluster.yaml for editors: what may be written, so that fields with a default are optional. */
export const specificationJsonSchema = (): Record<string, unknown> => ({
  ...z.toJSONSchema(Specification, { io: 'input', target: 'draft-2020-12' }),
  $id: 'https://quorate.dev/schema/cluster.schema.json',
});
