import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { Decision, HostPrinted, SubmitRequest, WithdrawRequest } from '../../model/messages.js';
import { operationContext } from '../support/facts.js';
import '../../workflows/shared-model.js';

/** As the SDK freezes what workflows share: all of it, functions not from within. */
const freeze = (value: unknown): void => {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function') || Object.isFrozen(value)) return;
  if (typeof value === 'object')
    for (const key of [...Object.getOwnPropertyNames(value), ...Object.getOwnPropertySymbols(value)])
      if (!ArrayBuffer.isView(Reflect.get(value, key))) freeze(Reflect.get(value, key));
  Object.freeze(value);
};

const shared = { SubmitRequest, WithdrawRequest, Decision, HostPrinted };

const samples = {
  SubmitRequest: { context: operationContext({ host: 'cp2' }), by: 'ops@bastion' },
  WithdrawRequest: { operation: 'prod/join-worker/w1/k1', by: 'ops@bastion', reason: 'the wrong host' },
  Decision: { action: 'retry', by: 'ops@bastion', reason: 'power is back', afterMs: 1000 },
  HostPrinted: { step: 'join', line: '[preflight] Running pre-flight checks' },
} as const;

type Path = readonly (string | number)[];

const pathsOf = (value: unknown, path: Path = []): Path[] => [
  path,
  ...(typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, one]) => pathsOf(one, [...path, key]))
    : []),
];

/** The value with something else, or nothing, at a path. */
const changed = (value: unknown, path: Path, to: { readonly value: unknown } | 'nothing'): unknown => {
  const [key, ...rest] = path;
  if (key === undefined) return to === 'nothing' ? undefined : to.value;
  const copy: Record<string, unknown> = { ...(value as Record<string, unknown>) };
  if (rest.length === 0 && to === 'nothing') delete copy[key];
  else copy[key] = changed(copy[key], rest, to);
  return Array.isArray(value) ? Object.values(copy) : copy;
};

test.each(Object.entries(samples))(
  '%s, frozen as workflows have it, checks as it does unfrozen',
  async (name, sample) => {
    vi.resetModules();
    const own: typeof shared = await import('../../model/messages.js');
    expect(own.Decision).not.toBe(shared.Decision);
    const key = name as keyof typeof samples;
    const frozen = shared[key];
    freeze(frozen);
    const check = (schema: z.ZodType, value: unknown): unknown => {
      const { success, data, error } = z.safeParse(schema, value);
      return { success, data, issues: error?.issues };
    };
    expect(check(frozen, sample)).toEqual({ success: true, data: sample, issues: undefined });
    const anything = fc.oneof(
      fc.constant('nothing' as const),
      fc.record({ value: fc.oneof(fc.jsonValue(), fc.constantFrom('10.0.0.1', '5m', 'cp9', 6443, [], {})) }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...pathsOf(sample)), anything, (path, to) => {
        const value = changed(sample, path, to);
        expect(check(frozen, value)).toEqual(check(own[key], value));
      }),
      { numRuns: 500 },
    );
  },
);

test('a schema that was not used before it was frozen would not do: why there is such a module', () => {
  const late = z.object({ a: z.string().min(1) });
  freeze(late);
  expect(() => z.safeParse(late, { a: 'b' })).toThrow(TypeError);
});
