import { SpecificationInvalid, type GivenSpecification, type SpecificationText } from '../client/client.js';
import { requireCluster, type Caller } from './access/caller.js';
import type { SpecificationReader } from './specifications/reader.js';

/**
 * The specification of a request with what it says, once it is known that the caller may speak about its cluster.
 *
 * @throws SpecificationInvalid, ApiProblem (forbidden, too-many-requests)
 */
export const readFor = async (
  specifications: SpecificationReader,
  caller: Caller,
  given: SpecificationText,
): Promise<GivenSpecification> => {
  const parsed = await specifications.read(caller, given);
  if (!parsed.ok) throw new SpecificationInvalid(given.file, parsed.problems);
  requireCluster(caller, parsed.specification.metadata.name);
  return { ...given, read: parsed.specification };
};
