import type { OperationContext } from '../../model/operation.js';
import { kindFor } from '../../model/operations.js';
import type { OperationKind } from '../../model/operations.js';
import { OperatorError } from '../../model/failures/operator-error.js';
import { operationContext } from '../../model/specification/operation-context.js';
import type { Specification } from '../../model/specification/specification.js';
import { SpecificationInvalid, type ChangeRequest, type GivenSpecification } from './client.js';
import { operationId } from './operation-id.js';
import { parseSpecification } from './specification-file.js';

/** @throws SpecificationInvalid with every problem in it. */
const specificationOf = ({ text, file, read }: GivenSpecification): Specification => {
  if (read !== undefined) return read;
  const parsed = parseSpecification(text, file);
  if (!parsed.ok) throw new SpecificationInvalid(file, parsed.problems);
  return parsed.specification;
};

/** The role of a host says how it joins; `operationContext` refuses what does not fit, with the reason. */
const kindOf = (specification: Specification, { verb, host }: ChangeRequest): OperationKind => {
  const { hosts } = specification.spec;
  return kindFor(verb, Object.hasOwn(hosts, host) ? hosts[host]?.role : undefined);
};

/**
 * What a request asks for, checked against its specification.
 *
 * @param key idempotency key, part of the operation's id
 * @throws SpecificationInvalid, QuorateError (UnknownHost, InvalidSpecification) when the host does not fit
 */
export const requestedChange = (request: ChangeRequest, key: string): OperationContext => {
  const specification = specificationOf(request.specification);
  const kind = kindOf(specification, request);
  const { host } = request;
  const operation = operationId({ cluster: specification.metadata.name, kind, host }, key);
  return operationContext(specification, kind, host, { operation, round: 0 });
};

/**
 * The cluster that a specification describes, for readings that are not about one host.
 *
 * @throws SpecificationInvalid, OperatorError (bad-usage) when it has no control-plane host.
 */
export const describedCluster = (text: GivenSpecification): OperationContext => {
  const specification = specificationOf(text);
  const cluster = specification.metadata.name;
  const host = Object.entries(specification.spec.hosts).find(([, { role }]) => role === 'control-plane')?.[0];
  if (host === undefined) {
    throw new OperatorError('bad-usage', `${cluster} has no host with the role control-plane.`, {
      remedy: `Add one to spec.hosts of ${text.file}.`,
    });
  }
  // The kind says nothing here: a reading has no steps. `init` is the one that any control-plane host may be target of.
  return operationContext(specification, 'init', host, { operation: `${cluster}/status`, round: 0 });
};
