import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { failurePolicy } from '../../model/failures/failure-policy.js';
import { failureTypes, isFailureType } from '../../model/failures/failure.js';
import { decisionActions } from '../../model/progress.js';
import { searchAttributes } from '../../model/search-attributes.js';
import { specificationJsonSchema } from '../../model/specification/json-schema.js';
import * as etcd from '../../workflows/steps/etcd.js';
import * as host from '../../workflows/steps/host.js';
import * as kubeadm from '../../workflows/steps/kubeadm.js';
import * as loadBalancer from '../../workflows/steps/load-balancer.js';
import * as observe from '../../workflows/steps/observe.js';
import * as proof from '../../workflows/steps/proof.js';
import type { JoinState } from '../../workflows/steps/state.js';
import type { Step } from '../../workflows/step.js';
import { runCli } from '../support/run-cli.js';
import { treatmentOf } from './treatment.js';

const text = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
const headings = [...text.matchAll(/^### (\w+)$/gm)].map((match) => match[1]);
const sectionOf = (type: string): string => (text.split(`\n### ${type}\n`)[1] ?? '').split(/\n###? /)[0] ?? '';

/** The parts of a section by their names, in their order. */
const partsOf = (type: string): Map<string, string> =>
  new Map(
    sectionOf(type)
      .split(/^(?=\*\*\w+\.\*\*)/m)
      .filter((part) => part.trim() !== '')
      .map((part) => {
        const [, name = '', content = ''] = /^\*\*(\w+)\.\*\*([\s\S]*)$/.exec(part) ?? [];
        return [name, content.trim()];
      }),
  );
const choicesOf = (type: string): string[] =>
  (partsOf(type).get('Choices') ?? '').split(/^\* /m).filter((choice) => choice.trim() !== '');
/** Decisions that the choices of a type begin with. */
const decisionsOf = (type: string): string[] =>
  choicesOf(type).flatMap((choice) => [...choice.matchAll(/^`(\w+)`/g)].map((match) => match[1] ?? ''));

test('every failure type has exactly one heading, and every heading is a failure type', () => {
  expect([...headings].toSorted()).toEqual([...failureTypes].toSorted());
});

describe.each([...failureTypes])('%s', (type) => {
  test('says what it means, what is seen, how it is treated and what may be decided', () => {
    const parts = partsOf(type);
    expect([...parts.keys()]).toEqual(['Meaning', 'Evidence', 'Treatment', 'Choices']);
    for (const [name, content] of parts) expect(content.length, name).toBeGreaterThan(10);
  });

  test('is treated as the table says', () => {
    expect(partsOf(type).get('Treatment')).toBe(treatmentOf(type));
  });

  test('has choices that exist, and all that are always there', () => {
    const decisions = decisionsOf(type);
    expect(new Set(decisions).size).toBe(decisions.length);
    for (const decision of decisions) expect(decisionActions).toContain(decision);
    expect(decisions).toEqual(expect.arrayContaining(['retry', 'abort']));
    // There is no rollback of a rollback.
    expect(decisions.includes('rollback')).toBe(type !== 'UndoFailed');
    expect(decisions.includes('approve')).toBe(failurePolicy(type).approve !== undefined);
  });
});

test('the table of decisions has each once', () => {
  const rows = [...text.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]);
  expect(rows.toSorted()).toEqual([...decisionActions].toSorted());
});

test('the steps that may be skipped are those that `skip` names', () => {
  const steps: readonly Step<JoinState>[] = [etcd, host, kubeadm, loadBalancer, observe, proof].flatMap((module) =>
    Object.values(module as Record<string, unknown>).filter(
      (value): value is Step<JoinState> => typeof value === 'object' && value !== null && 'changes' in value,
    ),
  );
  expect(steps.length).toBeGreaterThan(12);
  expect(steps.flatMap(({ id, withoutIt }) => (withoutIt === undefined ? [] : [id])).toSorted()).toEqual([
    'enable',
    'prepare',
    'snapshot',
  ]);
  const row = /^\| `skip` \| (.*) \|$/m.exec(text)?.[1];
  expect(row).toContain('the snapshot of etcd, the preparing of the host, the enabling of the backend');
  // While undoing, what is blocked is named UndoFailed, or QuorumAtRisk.
  for (const type of failureTypes.filter((one) => decisionsOf(one).includes('skip'))) {
    expect(sectionOf(type), type).toMatch(/snapshot|preparing the host|enabling the backend|enable it there|undo/);
  }
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly enum?: readonly unknown[];
  readonly type?: string;
}

test('every setting that is named exists, with values that it takes', () => {
  const named = [...text.matchAll(/`((?:spec|policy)\.[\w.]+)(?:: ([\w-]+))?`/g)];
  expect(named.length).toBeGreaterThan(20);
  for (const [whole, path = '', value] of named) {
    const keys = path.startsWith('spec.') ? path.split('.') : ['spec', ...path.split('.')];
    const found = keys.reduce<Schema | undefined>(
      (schema, key) => schema?.properties?.[key],
      specificationJsonSchema() as Schema,
    );
    expect(found, whole).toBeDefined();
    if (value === undefined) continue;
    const values = found?.enum ?? (found?.type === 'boolean' ? ['true', 'false'] : []);
    expect(values, whole).toContain(value);
  }
});

/** Command lines of Quorate in code, without their comments. */
const commandLines = [...new Set([...text.matchAll(/(?:`|^)(quorate [^`\n#]+)/gm)].map((match) => match[1]?.trim()))];

test('there are command lines to look at', () => {
  expect(commandLines.length).toBeGreaterThan(10);
});

test.each(commandLines)('%s: is a command with such options', async (line = '') => {
  const words = line.split(/\s+/).slice(1);
  const command = words.slice(0, words[0] === 'operations' ? 2 : 1);
  const { code, out } = await runCli([...command, '--help']);
  expect(code).toBe(0);
  expect(out).toContain(`Usage: quorate ${command.join(' ')} `);
  for (const option of words.filter((word) => word.startsWith('--')))
    expect(out).toMatch(new RegExp(`${option}(?![\\w-])`));
  if (words[0] === 'decide') expect(['ACTION', ...decisionActions]).toContain(words[2]);
  const type = words[words.indexOf('--blocked-by') + 1];
  if (words.includes('--blocked-by')) expect(isFailureType(type)).toBe(true);
});

test('what it refers to exists', () => {
  const types = [...text.matchAll(/\bsee ([A-Z]\w+)/g)].map((match) => match[1]);
  expect(types.length).toBeGreaterThan(0);
  for (const type of types) expect(isFailureType(type), type).toBe(true);
  const attributes = Object.values(searchAttributes).map(({ name }) => name);
  for (const [name] of text.matchAll(/\bQuorate[A-Z]\w+/g)) expect(attributes).toContain(name);
  const anchors = [...text.matchAll(/^##+ (.+)$/gm)].map((match) => match[1]?.toLowerCase().replaceAll(' ', '-'));
  for (const [, anchor] of text.matchAll(/\]\(#([\w-]+)\)/g)) expect(anchors).toContain(anchor);
  for (const [, file = ''] of text.matchAll(/\]\((\w[\w-]*\.md)\)/g)) {
    expect(readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8')).not.toBe('');
  }
});
