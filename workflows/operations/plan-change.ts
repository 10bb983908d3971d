import type { OperationContext } from '../../model/operation.js';
import type { PlanReport } from '../../model/plan-report.js';
import { preflight } from '../../model/preflight/index.js';
import { operationSteps } from './index.js';
import { readWorld } from '../steps/observe.js';

/** What an operation would find and do now; changes nothing and takes no place in the queue. */
export const planChange = async (context: OperationContext): Promise<PlanReport> => {
  const { host, cluster, reach } = await readWorld(context);
  const findings = preflight(context, host, cluster, reach);
  const { cluster: name, kind, target } = context;
  return {
    cluster: name,
    kind,
    host: target.name,
    at: new Date().toISOString(),
    findings: findings.map(({ code, severity, message, remedy, evidence }) => ({
      code,
      severity,
      message,
      remedy,
      evidence: [...evidence],
    })),
    plan: findings.some(({ severity }) => severity === 'fatal')
      ? []
      : [...operationSteps[kind].plan({ context, host, cluster })],
  };
};
