import type { ArithmeticExpression } from 'unbash';
import { ShellError } from '../control.js';
import type { Shell } from '../shell.js';

type Text = (
  expression: Extract<ArithmeticExpression, { type: 'ArithmeticWord' | 'ArithmeticCommandExpansion' }>,
) => string | Promise<string>;

const numberOf = (shell: Shell, text: string): number => {
  const word = text.trim();
  if (word === '') return 0;
  if (/^[+-]?(0[xX][0-9a-fA-F]+|\d+)$/.test(word)) {
    const digits = word.replace(/^[+-]/, '');
    const value = /^0[xX]/.test(digits) ? Number(digits) : /^0\d/.test(digits) ? parseInt(digits, 8) : Number(digits);
    return word.startsWith('-') ? -value : value;
  }
  if (/^[A-Za-z_]\w*$/.test(word)) return numberOf(shell, shell.get(word) ?? '');
  const simple = /^(.*\S)\s*([+*/%-])\s*(\S+)$/.exec(word);
  if (simple !== null) {
    return binary(simple[2] as string, numberOf(shell, simple[1] as string), numberOf(shell, simple[3] as string));
  }
  throw new ShellError(`arithmetic expression: expecting primary: "${word}"`);
};

const binary = (operator: string, left: number, right: number): number => {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      if (right === 0) throw new ShellError('division by zero');
      return Math.trunc(left / right);
    case '%':
      if (right === 0) throw new ShellError('division by zero');
      return left % right;
    case '<':
      return Number(left < right);
    case '>':
      return Number(left > right);
    case '<=':
      return Number(left <= right);
    case '>=':
      return Number(left >= right);
    case '==':
      return Number(left === right);
    case '!=':
      return Number(left !== right);
    case '<<':
      return left * 2 ** right;
    case '>>':
      return Math.floor(left / 2 ** right);
    case '&':
      return Number(BigInt(left) & BigInt(right));
    case '|':
      return Number(BigInt(left) | BigInt(right));
    case '^':
      return Number(BigInt(left) ^ BigInt(right));
    case '**':
      return left ** right;
    default:
      throw new ShellError(`arithmetic expression: unknown operator ${operator}`);
  }
};

/** `$((...))`. @throws ShellError */
export const evaluate = async (
  shell: Shell,
  expression: ArithmeticExpression | undefined,
  textOf: Text,
): Promise<number> => {
  if (expression === undefined) return 0;
  const value = (of: ArithmeticExpression): Promise<number> => evaluate(shell, of, textOf);
  switch (expression.type) {
    case 'ArithmeticWord':
    case 'ArithmeticCommandExpansion':
      return numberOf(shell, await textOf(expression));
    case 'ArithmeticGroup':
      return value(expression.expression);
    case 'ArithmeticTernary':
      return (await value(expression.test)) !== 0 ? value(expression.consequent) : value(expression.alternate);
    case 'ArithmeticUnary': {
      const { operator, operand, prefix } = expression;
      const now = await value(operand);
      if (operator === '++' || operator === '--') {
        const next = now + (operator === '++' ? 1 : -1);
        if (operand.type === 'ArithmeticWord') shell.set(operand.value, String(next));
        return prefix ? next : now;
      }
      if (operator === '-') return -now;
      if (operator === '!') return Number(now === 0);
      return operator === '~' ? -now - 1 : now;
    }
    case 'ArithmeticBinary': {
      const { operator, left, right } = expression;
      if (operator === '&&') return (await value(left)) !== 0 && (await value(right)) !== 0 ? 1 : 0;
      if (operator === '||') return (await value(left)) !== 0 || (await value(right)) !== 0 ? 1 : 0;
      if (operator === ',') {
        await value(left);
        return value(right);
      }
      if (/^([+*/%&|^-]|<<|>>)?=$/.test(operator) && left.type === 'ArithmeticWord') {
        const given = await value(right);
        const result = operator === '=' ? given : binary(operator.slice(0, -1), await value(left), given);
        shell.set(left.value, String(result));
        return result;
      }
      return binary(operator, await value(left), await value(right));
    }
  }
};
