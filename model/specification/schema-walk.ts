import { z } from 'zod';
import { valueAt } from './problem.js';

/** The schema inside defaults and optionals. */
const unwrap = (schema: z.core.$ZodType): z.core.$ZodType => {
  let inner = schema;
  for (;;) {
    if (
      inner instanceof z.ZodOptional ||
      inner instanceof z.ZodDefault ||
      inner instanceof z.ZodPrefault ||
      inner instanceof z.ZodNullable
    )
      inner = inner.unwrap();
    else return inner;
  }
};

const step = (schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType[] => {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) {
    const shape = inner.shape as Readonly<Record<PropertyKey, z.core.$ZodType>>;
    return Object.hasOwn(shape, key) && shape[key] !== undefined ? [shape[key]] : [];
  }
  if (inner instanceof z.ZodRecord) return [inner.valueType];
  if (inner instanceof z.ZodArray) return [inner.element];
  if (inner instanceof z.ZodUnion) return inner.options.flatMap((option) => step(option, key));
  return [];
};

/** The schemas that a path may mean: more than one inside a union. */
const schemasAt = (schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType[] =>
  path.reduce<z.core.$ZodType[]>((found, key) => found.flatMap((one) => step(one, key)), [schema]);

/** Whether a union's option is the one that a value says it is by its literals, such as `kind`. */
const claims = (option: z.core.$ZodType, value: unknown): boolean =>
  !(option instanceof z.ZodObject) ||
  Object.entries(option.shape as Readonly<Record<string, z.core.$ZodType>>).every(
    ([key, field]) => !(field instanceof z.ZodLiteral) || field.safeParse(valueAt(value, [key])).success,
  );

/**
 * The keys that the objects at a path have.
 * @param value what stands there, to choose among the options of a union; without one that fits all count
 */
export const keysAt = (schema: z.core.$ZodType, path: readonly PropertyKey[], value?: unknown): string[] => {
  const objects = (one: z.core.$ZodType): z.core.$ZodType[] => {
    const inner = unwrap(one);
    if (!(inner instanceof z.ZodUnion)) return [inner];
    const options = inner.options.flatMap(objects);
    const claimed = options.filter((option) => claims(option, value));
    return claimed.length > 0 ? claimed : options;
  };
  const keys = schemasAt(schema, path)
    .flatMap(objects)
    .flatMap((one) => (one instanceof z.ZodObject ? Object.keys(one.shape) : []));
  return [...new Set(keys)];
};

/** The first example in the metadata of the field at a path. */
export const exampleAt = (schema: z.core.$ZodType, path: readonly PropertyKey[]): unknown =>
  schemasAt(schema, path)
    .flatMap((one) => [one, unwrap(one)])
    .map((one) => z.globalRegistry.get(one)?.['examples'])
    .find((examples): examples is unknown[] => Array.isArray(examples) && examples.length > 0)?.[0];

/** The keys at a path that have no default. */
export const requiredKeysAt = (schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] =>
  keysAt(schema, path).filter((key) => schemasAt(schema, [...path, key]).every((one) => one._zod.optin === undefined));
