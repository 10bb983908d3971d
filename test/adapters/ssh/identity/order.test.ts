import { describe, expect, it } from 'vitest';
import { orderIdentities } from '../../../../adapters/ssh/identity/order.js';

const blob = (name: string): Buffer => Buffer.from(`public half of ${name}`);
const file = (name: string) => ({ name, blob: blob(name) });
const held = (name: string) => ({ name, blob: blob(name) });

/** `a` of the agent, `b.file` of a file, `c.both` of the agent and configured. */
const order = (files: readonly { name: string; blob?: Buffer }[], agent: readonly string[], only = false): string =>
  orderIdentities(files, agent.map(held), only)
    .map(({ file: configured, key }) =>
      key === undefined ? `${configured?.name}.file` : configured === undefined ? key.name : `${key.name}.both`,
    )
    .join(' ');

describe('orderIdentities', () => {
  it('R23: what is configured and in the agent goes first, in the order of the agent, then its others, then files', () => {
    expect(order([file('x'), file('d'), file('b')], ['a', 'b', 'c', 'd'])).toBe('b.both d.both a c x.file');
  });

  it('R23: with IdentitiesOnly the others of the agent are left out', () => {
    expect(order([file('x'), file('d'), file('b')], ['a', 'b', 'c', 'd'], true)).toBe('b.both d.both x.file');
  });

  it('a file whose public half is not known is a file, and one that is named twice is offered once by the agent', () => {
    expect(order([{ name: 'locked' }, file('a'), file('a')], ['a'])).toBe('a.both locked.file a.file');
  });

  it('nothing is nothing', () => {
    expect(order([], [])).toBe('');
    expect(order([], ['a'], true)).toBe('');
  });
});
