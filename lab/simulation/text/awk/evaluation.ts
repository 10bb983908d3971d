import { Jump } from './runtime.js';
import type { Runtime } from './runtime.js';
import type { Execute, Expression, UserFunction } from './syntax.js';
import { Cell, toNumber, toText } from './values.js';
import type { Value } from './values.js';

export const callFunction = (runtime: Runtime, called: UserFunction, args: readonly Expression[]): Value => {
  const locals = args.map((arg) => {
    const lender = arg.cell?.(runtime);
    if (lender !== undefined && (lender.isArray || lender.value === undefined)) return new Cell(lender);
    const cell = new Cell();
    cell.value = arg.value(runtime);
    return cell;
  });
  while (locals.length < called.parameters.length) locals.push(new Cell());
  const before = runtime.locals;
  runtime.locals = locals;
  try {
    called.body(runtime);
    return undefined;
  } catch (error) {
    if (error instanceof Jump && error.to === 'return') return error.value;
    throw error;
  } finally {
    runtime.locals = before;
  }
};

/** Runs the body of a loop once; false when it was left by `break`. */
export const round = (runtime: Runtime, body: Execute): boolean => {
  try {
    body(runtime);
    return true;
  } catch (error) {
    if (!(error instanceof Jump) || (error.to !== 'break' && error.to !== 'continue')) throw error;
    return error.to === 'continue';
  }
};

export const subscriptOf =
  (list: readonly Expression[]) =>
  (runtime: Runtime): string =>
    list.map(({ value }) => toText(value(runtime))).join(runtime.text('SUBSEP'));

export const step = (runtime: Runtime, operand: Expression, operator: '++' | '--', before: boolean): number => {
  const now = toNumber(operand.value(runtime));
  const next = now + (operator === '++' ? 1 : -1);
  operand.assign?.(runtime, next);
  return before ? next : now;
};

export const arithmetic = (operator: string, left: number, right: number): number => {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    default:
      return left ** right;
  }
};

export const holds = (operator: string, difference: number): boolean => {
  switch (operator) {
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '==':
      return difference === 0;
    case '!=':
      return difference !== 0;
    case '>=':
      return difference >= 0;
    default:
      return difference > 0;
  }
};
