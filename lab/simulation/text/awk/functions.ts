import { format } from '../../shell/builtins/printf.js';
import { awkExpression } from './regular-expression.js';
import type { Runtime } from './runtime.js';
import { Input, toNumber, toText } from './values.js';
import type { Cell, Value } from './values.js';

/** An argument of a function of awk's own. */
export interface Argument {
  readonly value: () => Value;
  readonly cell?: () => Cell;
  /** For what may be assigned to: `sub` changes it. */
  readonly assign?: (value: Value) => void;
  /** A regular expression written between slashes. */
  readonly expression?: RegExp;
}

const expressionOf = (argument: Argument, flags = ''): RegExp =>
  argument.expression === undefined
    ? awkExpression(toText(argument.value()), flags)
    : flags === ''
      ? argument.expression
      : regularExpressionWith(argument.expression, flags);

const withFlags = new WeakMap<RegExp, RegExp>();
const regularExpressionWith = (expression: RegExp, flags: string): RegExp => {
  let made = withFlags.get(expression);
  if (made === undefined) {
    made = new RegExp(expression.source, flags);
    withFlags.set(expression, made);
  }
  made.lastIndex = 0;
  return made;
};

const substitute =
  (everywhere: boolean) =>
  (runtime: Runtime, [pattern, replacement, target]: readonly Argument[]): Value => {
    if (pattern === undefined || replacement === undefined) return 0;
    const text = toText(target === undefined ? runtime.field(0) : target.value());
    const by = toText(replacement.value());
    let count = 0;
    const expression = expressionOf(pattern, 'g');
    const made = text.replace(expression, (match: string) => {
      if (count > 0 && !everywhere) return match;
      count += 1;
      return by.replaceAll(/\\([\\&])|&/g, (whole, escaped: string | undefined) => escaped ?? match);
    });
    if (count > 0) {
      if (target === undefined) runtime.setField(0, made);
      else target.assign?.(made);
    }
    return count;
  };

const textOf = (argument: Argument | undefined, runtime: Runtime): string =>
  toText(argument === undefined ? runtime.field(0) : argument.value());

/** Functions of awk's own, by name. */
export const functions: Readonly<Record<string, (runtime: Runtime, args: readonly Argument[]) => Value>> = {
  length: (runtime, [of]) => (of?.cell?.().isArray === true ? of.cell().array.size : textOf(of, runtime).length),
  substr: (runtime, [of, from, count]) => {
    const text = textOf(of, runtime);
    const start = Math.round(toNumber(from?.value()));
    const end = count === undefined ? Infinity : start + Math.round(toNumber(count.value()));
    return text.slice(Math.max(0, start - 1), Math.max(0, end - 1));
  },
  index: (runtime, [of, what]) => textOf(of, runtime).indexOf(toText(what?.value())) + 1,
  split: (runtime, [of, into, separator]) => {
    const text = textOf(of, runtime);
    const by = separator === undefined ? runtime.text('FS') : (separator.expression ?? toText(separator.value()));
    const array = into?.cell?.().array ?? new Map<string, Value>();
    const parts = runtime.split(text, by);
    array.clear();
    parts.forEach((part, index) => array.set(String(index + 1), new Input(part)));
    return parts.length;
  },
  sub: substitute(false),
  gsub: substitute(true),
  match: (runtime, [of, pattern]) => {
    const found = pattern === undefined ? null : expressionOf(pattern).exec(textOf(of, runtime));
    runtime.global('RSTART').value = found === null ? 0 : found.index + 1;
    runtime.global('RLENGTH').value = found === null ? -1 : found[0].length;
    return runtime.global('RSTART').value;
  },
  sprintf: (_, [template, ...args]) =>
    format(
      toText(template?.value()).replaceAll('\\', '\\\\'),
      args.map((one) => toText(one.value())),
    ).text,
  tolower: (runtime, [of]) => textOf(of, runtime).toLowerCase(),
  toupper: (runtime, [of]) => textOf(of, runtime).toUpperCase(),
  int: (_, [of]) => Math.trunc(toNumber(of?.value())),
  close: (runtime, [of]) => runtime.close(textOf(of, runtime)),
};
