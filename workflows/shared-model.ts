// Loaded once for all workflows of a worker, after the model: see workers/bundle-workflows.ts.
import { z } from 'zod';
import * as messages from '../model/messages.js';

/** A schema or a check of one. */
type Part = z.core.$ZodType | z.core.$ZodCheck;

const isPart = (value: object): value is Part => '_zod' in value;
const isSchema = (part: Part): part is z.core.$ZodType => 'run' in part._zod;

/** What a schema is made of, in whatever shape its definition holds it, and itself. */
const partsOf = (value: unknown, seen = new Set<object>()): Part[] => {
  if (typeof value !== 'object' || value === null || seen.has(value)) return [];
  seen.add(value);
  if (isPart(value)) return [value, ...partsOf(value._zod.def, seen)];
  return Object.values(value).flatMap((one) => partsOf(one, seen));
};

/** Reads whatever it derives from itself at the first reading. */
const readAll = ({ _zod: internals }: Part): void => {
  const prototype = Object.getPrototypeOf(internals) as object;
  for (const key of Object.getOwnPropertyNames(prototype)) void Reflect.get(internals, key);
};

/** One of each JSON type, so that a schema gets to its own check whatever it expects. */
const oneOfEach = [undefined, null, true, 0, '', [], {}];

/**
 * zod completes a schema while it is used for the first time, and what workflows share is frozen before that: so each is
 * used once.
 */
const complete = (part: Part): void => {
  readAll(part);
  if (isSchema(part)) for (const value of oneOfEach) void z.safeParse(part, value);
};

for (const part of partsOf(Object.values(messages))) complete(part);
