import { expect, test } from 'vitest';
import { planText } from '../../../cli/format/plan.js';
import type { PlanReport } from '../../../model/plan-report.js';

const report: PlanReport = {
  cluster: 'prod',
  kind: 'join-worker',
  host: 'w2',
  at: '2026-11-23T13:52:00.000Z',
  findings: [],
  plan: ['prepare w2', 'join w2 as a worker of prod'],
};
const finding = (severity: PlanReport['findings'][number]['severity'], code: 'DirtyHost' | 'HostUnsuitable') => ({
  code,
  severity,
  message: `${code} of w2`,
  remedy: `mend ${code}`,
  evidence: ['/etc/kubernetes (3 files)'],
});

test('a plan without findings, and how it is carried out', () => {
  expect(planText(report, 'quorate join w2 -f cluster.yaml')).toMatchInlineSnapshot(`
    "join w2 as a worker of prod: as the hosts are at 2026-11-23T13:52:00.000Z
    No findings.
    Plan:
      1. prepare w2
      2. join w2 as a worker of prod
    Nothing was changed. Carry it out with: quorate join w2 -f cluster.yaml
    "
  `);
});

test('findings, the worst first; what is fatal leaves no plan', () => {
  const findings = [finding('approval', 'DirtyHost'), finding('fatal', 'HostUnsuitable')];
  expect(planText({ ...report, findings, plan: [] }, 'quorate join w2')).toMatchInlineSnapshot(`
    "join w2 as a worker of prod: as the hosts are at 2026-11-23T13:52:00.000Z
    Findings:
      ✗ HostUnsuitable (fatal: the operation would stop here)
        HostUnsuitable of w2
        | /etc/kubernetes (3 files)
        What to do: mend HostUnsuitable
      ! DirtyHost (approval: the operation would wait for an approval)
        DirtyHost of w2
        | /etc/kubernetes (3 files)
        What to do: mend DirtyHost
    No plan: what is fatal has to be mended first. Nothing was changed.
    "
  `);
  expect(planText({ ...report, findings: findings.slice(0, 1) }, 'quorate join w2')).toContain(
    'Findings:\n  ! DirtyHost (approval: the operation would wait for an approval)\n',
  );
});
