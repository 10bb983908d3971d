import { budgeted, titled } from '../activity-proxies.js';
import type { Step } from '../step.js';
import type { JoinState } from './state.js';

const retriedInPlace = 'a proof only looks, and what comes after it destroys nothing';

export const proveControlPlane: Step<JoinState> = {
  id: 'prove',
  title: ({ target }) => `prove ${target.name}: started voter, /readyz, static Pods, Node Ready`,
  changes: true,
  budgetMs: ({ policy }) => policy.readyBudgetMs,
  retriedInPlace,
  run: async (state) => {
    state.proof = await titled(
      budgeted(state.context).proveControlPlane,
      `prove ${state.context.target.name}`,
      state.context,
    );
    return state.proof;
  },
};

export const proveWorker: Step<JoinState> = {
  id: 'prove',
  title: ({ target }) => `prove ${target.name}: Node Ready with this cluster's client certificate`,
  changes: true,
  budgetMs: ({ policy }) => policy.readyBudgetMs,
  retriedInPlace,
  run: async (state) => {
    state.proof = await titled(
      budgeted(state.context).proveWorker,
      `prove ${state.context.target.name}`,
      state.context,
    );
    return state.proof;
  },
};
