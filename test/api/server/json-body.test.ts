import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { isTooMuch } from '../../../api/server/json-body.js';
import { send } from '../../support/api-requests.js';
import { startApiServer } from '../../support/api-server.js';
import { stubClient } from '../../support/stub-client.js';

const tooMuch = (text: string): boolean => isTooMuch(Buffer.from(text));

test.each([
  ['16 levels', `${'['.repeat(16)}${']'.repeat(16)}`, false],
  ['17 levels', '['.repeat(17), true],
  ['17 levels of maps', '{"a":'.repeat(17), true],
  ['many one after the other', '[{}]'.repeat(100), false],
  ['a thousand values', `[${'1,'.repeat(999)}1]`, false],
  ['more', `[${'1,'.repeat(1_000)}1]`, true],
  ['brackets in a text', JSON.stringify('[{,"\\'.repeat(5_000)), false],
  ['a text that does not end', '"[[[[[[[[[[[[[[[[[[[[[[[[', false],
  ['brackets after a text that ends with a backslash', `"\\\\"${'['.repeat(17)}`, true],
])('%s: too much is %s', (_what, text, expected) => {
  expect(tooMuch(text)).toBe(expected);
});

test('whatever a text holds, it is one value', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      expect(tooMuch(JSON.stringify({ text: text.repeat(30) }))).toBe(false);
    }),
  );
});

test('S4: a body of brackets is refused with 400; what is wrong in others is told as ever, and not at length', async () => {
  const { url, stop } = await startApiServer(stubClient());
  onTestFinished(stop);
  const post = async (body: string): Promise<{ status: number; detail: string; evidence: string[] }> => {
    const answer = await send(url, { method: 'POST', path: '/v1/validate', body });
    return { ...((await answer.json()) as { detail: string; evidence: string[] }), status: answer.status };
  };
  expect(await post('['.repeat(1_000_000))).toMatchObject({
    status: 400,
    detail: 'The body is nested more than 16 deep, or has more than 1000 values.',
  });
  expect(await post('{"specification": {"text": "a: 1"}')).toMatchObject({ status: 400 });
  expect(await post('{"__proto__": {}}')).toMatchObject({ status: 400 });
  const { status, evidence } = await post(JSON.stringify({ [`k${'x'.repeat(100_000)}`]: 1 }));
  expect([status, evidence.join('').length < 2_000]).toEqual([400, true]);
});
