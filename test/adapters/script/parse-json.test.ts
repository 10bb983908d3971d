import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseJson } from '../../../adapters/script/parse-json.js';
import { fakeHost } from '../../support/fake-host.js';

const host = fakeHost('cp1', []);
const schema = z.object({ items: z.array(z.object({ name: z.string() })) });
const parse = (text: string) => parseJson(schema, text, 'kubectl get nodes', host);

test('what fits comes back', () => {
  expect(parse('{"items":[{"name":"a","more":1}]}')).toEqual({ items: [{ name: 'a' }] });
});

test.each([
  ['', 'no JSON'],
  ['error: x', 'no JSON'],
  ['{"items":[{"name":1}]}', 'items.0.name'],
])('%s is an error that says where', (text, where) => {
  expect(() => parse(text)).toThrow(where);
});

test('the error does not quote the text, which may hold a secret', () => {
  try {
    parse('{"items":"hunter2"}');
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ type: 'CommandFailed', details: { host: 'cp1' } });
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('hunter2');
  }
});
