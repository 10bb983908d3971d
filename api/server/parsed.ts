import { Script, createContext } from 'node:vm';
import { SpecificationInvalid, type SpecificationText } from '../client/client.js';
import { parseSpecification, type ParsedSpecification } from '../client/specification-file.js';
import { requireCluster, type Caller } from './access/caller.js';
import { exampleSpecification } from './example.js';

/** A specification of a thousand hosts takes a quarter of a second. */
const mostMs = 2_000;
/** More are of use to nobody. */
const problemsAtMost = 500;

const work = createContext({ read: undefined as (() => ParsedSpecification) | undefined });
const script = new Script('read()');

// Run once without a time limit: what is built lazily at the first use must not be interrupted half-way.
parseSpecification(exampleSpecification, 'cluster.yaml');

/**
 * Reads a specification that a stranger wrote: a text of some hundred kilobytes can be made so that it takes minutes,
 * which all other requests would wait for.
 */
export const readSpecification = ({ text, file }: SpecificationText): ParsedSpecification => {
  work['read'] = () => parseSpecification(text, file);
  try {
    const parsed = script.runInContext(work, { timeout: mostMs }) as ParsedSpecification;
    return parsed.ok ? parsed : { ok: false, problems: parsed.problems.slice(0, problemsAtMost) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    const message = `reading it takes more than ${mostMs / 1_000} s`;
    const instead = 'write one cluster as examples/ show it; split one of thousands of hosts';
    return { ok: false, problems: [{ file, line: 1, column: 1, path: '', message, instead }] };
  }
};

/**
 * The cluster of a specification, once it is known that the caller may speak about it.
 *
 * @throws SpecificationInvalid, ApiProblem (forbidden)
 */
export const clusterFor = (caller: Caller, specification: SpecificationText): string => {
  const parsed = readSpecification(specification);
  if (!parsed.ok) throw new SpecificationInvalid(specification.file, parsed.problems);
  const { name } = parsed.specification.metadata;
  requireCluster(caller, name);
  return name;
};
