import type { TestExpression } from 'unbash';
import { joinPath } from '../../files/file-system.js';
import type { Inode } from '../../files/inode.js';
import type { Process } from '../../system/process.js';
import { ShellError } from '../control.js';
import { matches } from '../expansion/patterns.js';
import type { Shell } from '../shell.js';
import type { Words } from '../expansion/words.js';

const lookAt = (process: Process, path: string, follow = true): Inode | undefined =>
  path === '' ? undefined : process.machine.files.look(joinPath(process.directory, path), follow);

const isFolder = (inode: Inode | undefined): boolean =>
  inode?.kind === 'directory' || inode?.kind === 'virtual-directory';

const unary = (process: Process, operator: string, operand: string): boolean | undefined => {
  switch (operator) {
    case '-n':
      return operand !== '';
    case '-z':
      return operand === '';
    case '-e':
      return operand === '/dev/null' || lookAt(process, operand) !== undefined;
    case '-f': {
      const kind = lookAt(process, operand)?.kind;
      return kind === 'file' || kind === 'virtual-file';
    }
    case '-d':
      return isFolder(lookAt(process, operand));
    case '-h':
    case '-L':
      return lookAt(process, operand, false)?.kind === 'link';
    case '-r':
    case '-w':
      // Everything that looks at a host in earnest does so as root.
      return lookAt(process, operand) !== undefined;
    case '-x': {
      const inode = lookAt(process, operand);
      return inode !== undefined && (isFolder(inode) || (inode.mode & 0o111) !== 0);
    }
    case '-s': {
      const inode = lookAt(process, operand);
      if (inode?.kind === 'file') return inode.content !== '' || (inode.shownSize ?? 0) > 0;
      return isFolder(inode);
    }
    case '-S':
    case '-p':
    case '-b':
    case '-c':
      return operand === '/dev/null' && operator === '-c';
    case '-t':
      return false;
    default:
      return undefined;
  }
};

const modified = (process: Process, path: string): number => lookAt(process, path)?.modified ?? -1;

const integer = (text: string): number => {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw new ShellError(`Illegal number: ${text}`);
  return Number(text);
};

const binary = (process: Process, operator: string, left: string, right: string): boolean | undefined => {
  switch (operator) {
    case '=':
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '>':
      return left > right;
    case '-eq':
      return integer(left) === integer(right);
    case '-ne':
      return integer(left) !== integer(right);
    case '-lt':
      return integer(left) < integer(right);
    case '-le':
      return integer(left) <= integer(right);
    case '-gt':
      return integer(left) > integer(right);
    case '-ge':
      return integer(left) >= integer(right);
    case '-nt':
      return modified(process, left) > modified(process, right);
    case '-ot':
      return modified(process, left) < modified(process, right);
    case '-ef':
      return lookAt(process, left) !== undefined && lookAt(process, left) === lookAt(process, right);
    default:
      return undefined;
  }
};

/** `test` and `[`, without the closing bracket. @throws ShellError for what it cannot understand. */
export const test = (process: Process, words: readonly string[]): boolean => {
  let at = 0;
  const left = (): number => words.length - at;
  const word = (offset = 0): string => words[at + offset] ?? '';

  const primary = (): boolean => {
    if (word() === '!' && left() > 1) {
      at += 1;
      return !primary();
    }
    if (left() >= 3) {
      const answer = binary(process, word(1), word(), word(2));
      if (answer !== undefined) {
        at += 3;
        return answer;
      }
    }
    if (word() === '(' && left() > 2) {
      at += 1;
      const inner = either();
      if (word() !== ')') throw new ShellError('test: closing paren expected');
      at += 1;
      return inner;
    }
    if (left() >= 2) {
      const answer = unary(process, word(), word(1));
      if (answer !== undefined) {
        at += 2;
        return answer;
      }
    }
    at += 1;
    return words[at - 1] !== '';
  };
  const both = (): boolean => {
    let answer = primary();
    while (word() === '-a' && left() > 1) {
      at += 1;
      const next = primary();
      answer = answer && next;
    }
    return answer;
  };
  const either = (): boolean => {
    let answer = both();
    while (word() === '-o' && left() > 1) {
      at += 1;
      const next = both();
      answer = answer || next;
    }
    return answer;
  };

  if (words.length === 0) return false;
  const answer = either();
  if (at < words.length) throw new ShellError(`test: ${word()}: unexpected operator`);
  return answer;
};

/** bash's `[[ ... ]]`. */
export const testExpression = async (shell: Shell, words: Words, of: TestExpression): Promise<boolean> => {
  switch (of.type) {
    case 'TestUnary':
      return unary(shell.process, of.operator, await words.text(shell, of.operand)) ?? false;
    case 'TestBinary': {
      const left = await words.text(shell, of.left);
      if (of.operator === '=~') return new RegExp(await words.text(shell, of.right)).test(left);
      if (['=', '==', '!='].includes(of.operator)) {
        return matches(await words.pattern(shell, of.right), left) === (of.operator !== '!=');
      }
      return binary(shell.process, of.operator, left, await words.text(shell, of.right)) ?? false;
    }
    case 'TestLogical': {
      for (const operand of of.operands) {
        if ((await testExpression(shell, words, operand)) !== (of.operator === '&&')) return of.operator === '||';
      }
      return of.operator === '&&';
    }
    case 'TestNot':
      return (await testExpression(shell, words, of.operand)) === (of.negations.length % 2 === 0);
    case 'TestGroup':
      return testExpression(shell, words, of.expression);
  }
};
