import { SpecificationInvalid, type SpecificationText } from '../client.js';
import { parseSpecification } from '../specification-file.js';
import { requireCluster, type Caller } from './caller.js';

/**
 * The cluster of a specification, once it is known that the caller may speak about it.
 *
 * @throws SpecificationInvalid, ApiProblem (forbidden)
 */
export const clusterFor = (caller: Caller, { text, file }: SpecificationText): string => {
  const parsed = parseSpecification(text, file);
  if (!parsed.ok) throw new SpecificationInvalid(file, parsed.problems);
  const { name } = parsed.specification.metadata;
  requireCluster(caller, name);
  return name;
};
