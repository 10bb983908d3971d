import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCopy } from './support/copy.js';
import type { Copy, Edit } from './support/copy.js';
import { runTests } from './support/run-tests.js';

// CONTRIBUTING.md, Adding an operation: a kind that proves a worker once more is added to a copy of the tree.

const definition: Edit = {
  file: 'model/operations.ts',
  replace: '} as const satisfies Record<string, OperationDefinition>;',
  by: `  'verify-worker': {
    workflow: 'verifyWorker',
    verb: 'verify',
    role: 'worker',
    lock: 'shared',
    phrase: ({ cluster, host }) => \`verify \${host}, a worker of \${cluster}\`,
    makesCluster: false,
    hasEtcdMember: false,
    uploadsCertificates: false,
    checks: ['clock'],
  },
} as const satisfies Record<string, OperationDefinition>;`,
};

/** What an operation consists of besides its definition, and what the compiler says where it is left out. */
const parts: readonly { readonly part: string; readonly edits: readonly Edit[]; readonly says: RegExp }[] = [
  {
    part: 'the steps',
    edits: [
      {
        file: 'workflows/operations/index.ts',
        replace: "import { joinWorker } from './join-worker.js';\n",
        by: "import { joinWorker } from './join-worker.js';\nimport { verifyWorker } from './verify-worker.js';\n",
      },
      {
        file: 'workflows/operations/index.ts',
        replace: "  'join-worker': joinWorker,\n",
        by: "  'join-worker': joinWorker,\n  'verify-worker': verifyWorker,\n",
      },
    ],
    says: /workflows\/operations\/index\.ts.*Property '"verify-worker"' is missing/,
  },
  {
    part: 'the workflow type',
    edits: [
      {
        file: 'workflows/index.ts',
        replace: 'const { initCluster, joinControlPlane, joinWorker, ...unexported }',
        by: 'const { initCluster, joinControlPlane, joinWorker, verifyWorker, ...unexported }',
      },
      {
        file: 'workflows/index.ts',
        replace: 'export { initCluster, joinControlPlane, joinWorker };',
        by: 'export { initCluster, joinControlPlane, joinWorker, verifyWorker };',
      },
    ],
    says: /workflows\/index\.ts[^]*verifyWorker/,
  },
  {
    part: 'the help of its verb',
    edits: [
      {
        file: 'cli/verbs.ts',
        replace: '  join: {\n',
        by: "  verify: { description: 'prove a worker once more', examples: ['quorate verify w1'] },\n  join: {\n",
      },
    ],
    says: /cli\/verbs\.ts.*Property 'verify' is missing/,
  },
  {
    part: 'what the tests expect of its steps',
    edits: [
      {
        file: 'test/support/operation-steps.ts',
        replace: "  'join-worker': [\n",
        by: "  'verify-worker': [read, check, { step: 'prove', activity: 'proveWorker', retriedInPlace: true }],\n  'join-worker': [\n",
      },
    ],
    says: /test\/support\/operation-steps\.ts.*Property '"verify-worker"' is missing/,
  },
  {
    part: 'the host that tests give it',
    edits: [
      {
        file: 'test/support/facts.ts',
        replace: "  'join-worker': 'w2',\n",
        by: "  'join-worker': 'w2',\n  'verify-worker': 'w2',\n",
      },
    ],
    says: /test\/support\/facts\.ts.*Property '"verify-worker"' is missing/,
  },
];

const added = {
  'workflows/operations/verify-worker.ts': `import { defineOperation } from '../operation.js';
import { check, read } from '../steps/observe.js';
import { proveWorker } from '../steps/proof.js';
import { newState } from '../steps/state.js';
import type { JoinState } from '../steps/state.js';

/** Proves a worker once more. */
export const verifyWorker = defineOperation<JoinState>({
  begin: newState,
  steps: () => [read, check, { ...proveWorker, plan: ({ context }) => [\`prove \${context.target.name}\`] }],
  summary: ({ context, proof }) => \`\${context.target.name} is a worker of \${context.cluster}: \${proof}\`,
});
`,
  'test/workflows/verify-worker.test.ts': `import { expect, test } from 'vitest';
import { kindFor } from '../../model/operations.js';
import { names } from '../../model/messages.js';
import { operationContext } from '../support/facts.js';
import { runCli } from '../support/run-cli.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { progressOf } from '../support/workflow-harness.js';

const harness = useHarness('verify');

test('it is queued, shown, planned and run', async () => {
  const context = operationContext({ kind: kindFor('verify', 'worker'), cluster: uniqueName('verify') });
  const script = harness().script(context.cluster);
  const plan = await harness().client.workflow.execute(names.workflows.plan, {
    workflowId: \`plan/\${context.cluster}\`,
    taskQueue: harness().taskQueue,
    args: [context],
  });
  expect(plan).toMatchObject({ kind: 'verify-worker', host: 'w2', findings: [], plan: ['prove w2'] });
  const { operation, workflowId } = await harness().submit(context);
  expect(operation).toBe(\`\${context.cluster}/verify-worker/w2/k1\`);
  expect(workflowId).toBe(\`op/\${context.cluster}/verify-worker/w2\`);
  const [ended] = await harness().allEnded(context.cluster, 1);
  expect(ended).toMatchObject({ kind: 'verify-worker', outcome: 'finished' });
  const handle = harness().client.workflow.getHandle(workflowId);
  expect(await progressOf(handle)).toMatchObject({ plan: ['prove w2'], outcome: 'finished' });
  expect((await handle.describe()).searchAttributes).toMatchObject({ QuorateKind: ['verify-worker'] });
  expect((await (handle as never as { describe(): Promise<{ staticSummary(): Promise<string> }> }).describe()).staticSummary).toBeDefined();
  expect(script.names()).toContain('proveWorker');
  expect(script.names()).not.toContain('runKubeadm');
});

test('the command line has its verb', async () => {
  expect((await runCli(['--help'])).out).toMatch(/verify .*<host>.*prove a worker once more/);
});
`,
};

let copy: Copy;
beforeAll(() => {
  copy = makeCopy();
  for (const [file, text] of Object.entries(added)) writeFileSync(join(copy.folder, file), text);
});
afterAll(() => copy.remove());

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');

/** What the compiler says of the copy; empty when it compiles. */
const compile = (): string =>
  spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: copy.folder, encoding: 'utf8' }).stdout;

const all: readonly Edit[] = [definition, ...parts.flatMap(({ edits }) => edits)];

test('it touches at most eight files that were there before', () => {
  expect(new Set(all.map(({ file }) => file)).size).toBeLessThanOrEqual(8);
});

test('with all of its parts it compiles, is queued, shown, planned and run', async () => {
  await copy.edited(all, async () => {
    expect(compile()).toBe('');
    const results = await runTests(copy.folder, {
      'test/workflows/verify-worker.test.ts': ['it is queued, shown, planned and run', 'the command line has its verb'],
    });
    expect(results.flatMap(({ messages }) => messages)).toEqual([]);
  });
});

const without = (edits: readonly Edit[]): Promise<string> =>
  // oxlint-disable-next-line require-await -- an edit lasts as long as a promise
  copy.edited(edits, async () => compile());

describe('with its definition alone it does not compile, and the compiler names', () => {
  let said = '';
  beforeAll(async () => {
    said = await without([definition]);
  });
  test.each(parts)('$part', ({ says }) => expect(said).toMatch(says));
});

test('without its file of steps it does not compile', async () => {
  rmSync(join(copy.folder, 'workflows/operations/verify-worker.ts'));
  expect(await without(all)).toMatch(/workflows\/operations\/index\.ts.*verify-worker\.js/);
});

describe('without a part of its definition it does not compile, and the compiler names', () => {
  const fields = [...definition.by.matchAll(/^ {4}(\w+): /gm)].map(([, field = '']) => field);
  const [row = ''] = /^ {2}'verify-worker': \{[^]*?^ {2}\},\n/m.exec(definition.by) ?? [];
  const rows = fields.map((field) =>
    row.replace('verify-worker', `without-${field}`).replace(new RegExp(`^ {4}${field}: .*\n`, 'm'), ''),
  );
  let said = '';
  beforeAll(async () => {
    said = await without([{ ...definition, by: `${rows.join('')}${definition.replace}` }]);
  });
  test.each(fields)('%s', (field) =>
    expect(said).toMatch(new RegExp(`model/operations\\.ts[^]*Property '${field}' is missing`)),
  );
});
