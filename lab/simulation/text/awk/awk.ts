import { FileError } from '../../files/file-error.js';
import { joinPath } from '../../files/file-system.js';
import type { Process, Program as HostProgram } from '../../system/process.js';
import { linesOf } from '../input.js';
import { unescape } from '../../shell/builtins/printf.js';
import { parseProgram } from './parser.js';
import type { Rule } from './syntax.js';
import { Jump, Runtime } from './runtime.js';
import type { World } from './runtime.js';
import { AwkSyntaxError } from './tokens.js';
import { Input, isTrue, toNumber, toText } from './values.js';

interface Invocation {
  readonly program: string;
  readonly separator: string | undefined;
  readonly assignments: readonly string[];
  readonly operands: readonly string[];
}

const parseArguments = (process: Process, args: readonly string[]): Invocation => {
  const rest = [...args];
  const assignments: string[] = [];
  let separator: string | undefined;
  let program: string | undefined;
  while (rest[0]?.startsWith('-') === true && rest[0] !== '-') {
    const option = rest.shift() ?? '';
    if (option === '--') break;
    const value = (): string => (option.length > 2 ? option.slice(2) : (rest.shift() ?? ''));
    if (option.startsWith('-v')) assignments.push(value());
    else if (option.startsWith('-F')) separator = value();
    else if (option.startsWith('-f')) program = process.machine.files.read(joinPath(process.directory, value()));
  }
  return { program: program ?? rest.shift() ?? '', separator, assignments, operands: rest };
};

const assign = (runtime: Runtime, assignment: string): void => {
  const equals = assignment.indexOf('=');
  runtime.global(assignment.slice(0, equals)).value = new Input(unescape(assignment.slice(equals + 1)).text);
};

export const awk: HostProgram = async (process, args) => {
  const { program: text, separator, assignments, operands } = parseArguments(process, args);
  const { files } = process.machine;
  const linesAt = (path: string): string[] | undefined => {
    try {
      return linesOf(files.read(joinPath(process.directory, path)));
    } catch (error) {
      if (error instanceof FileError) return undefined;
      throw error;
    }
  };
  let program;
  try {
    program = parseProgram(text);
  } catch (error) {
    if (!(error instanceof AwkSyntaxError)) throw error;
    process.complain(`awk: ${error.message}\n`);
    return 2;
  }
  let out = '';
  let status = 0;
  const written = new Set<string>();
  const needsInput = program.rules.some(({ begins }) => begins !== true);
  const withFiles = operands.some((one) => !/^[A-Za-z_]\w*=/.test(one));
  const standardInput = needsInput && !withFiles ? linesOf(await process.readAll()) : [];
  let operand = 0;
  let current: { lines: string[]; at: number; file: string } | undefined = withFiles
    ? undefined
    : { lines: standardInput, at: 0, file: '' };
  const world: World = {
    environment: process.environment,
    print: (said) => {
      out += said;
    },
    printTo: (path, said, append) => {
      if (path === '/dev/stderr') process.complain(said);
      else if (append || written.has(path)) files.append(joinPath(process.directory, path), said);
      else files.write(joinPath(process.directory, path), said);
      written.add(path);
    },
    linesOf: linesAt,
    nextRecord: () => {
      let newFile = false;
      for (;;) {
        if (current !== undefined) {
          const line = current.lines[current.at];
          if (line !== undefined) {
            newFile ||= current.at === 0;
            current.at += 1;
            return { line, file: current.file, newFile };
          }
        }
        const argv = runtime.global('ARGV').array;
        const count = toNumber(runtime.global('ARGC').value);
        operand += 1;
        if (!withFiles || operand >= count) return undefined;
        const next = toText(argv.get(String(operand)));
        if (/^[A-Za-z_]\w*=/.test(next)) assign(runtime, next);
        else if (next !== '') {
          const lines = linesAt(next);
          if (lines === undefined) {
            process.complain(`awk: cannot open ${next} (No such file or directory)\n`);
            status = 2;
          } else current = { lines, at: 0, file: next };
        }
      }
    },
  };
  const runtime = new Runtime(world);
  ['awk', ...operands].forEach((one, index) => runtime.global('ARGV').array.set(String(index), new Input(one)));
  runtime.global('ARGC').value = operands.length + 1;
  if (separator !== undefined) runtime.global('FS').value = separator === 't' ? '\t' : unescape(separator).text;
  for (const one of assignments) assign(runtime, one);
  try {
    const ended = runRules(runtime, program.rules, needsInput);
    if (ended !== undefined) status = ended;
  } finally {
    process.print(out);
  }
  return status;
};

/** The status of `exit`, when the program had one. */
const runRules = (runtime: Runtime, rules: readonly Rule[], needsInput: boolean): number | undefined => {
  let status: number | undefined;
  const active = new Set<Rule>();
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Jump) || error.to !== 'exit') throw error;
      if (error.value !== undefined) status = toNumber(error.value);
      status ??= 0;
    }
  };
  guarded(() => {
    for (const rule of rules) if (rule.begins === true) rule.action?.(runtime);
    if (!needsInput) return;
    while (runtime.advance()) eachRecord(runtime, rules, active);
  });
  guarded(() => {
    for (const rule of rules) if (rule.ends === true) rule.action?.(runtime);
  });
  return status;
};

const eachRecord = (runtime: Runtime, rules: readonly Rule[], active: Set<Rule>): void => {
  try {
    for (const rule of rules) {
      if (rule.begins === true || rule.ends === true || !selects(runtime, rule, active)) continue;
      if (rule.action === undefined) runtime.world.print(toText(runtime.field(0)) + runtime.text('ORS'));
      else rule.action(runtime);
    }
  } catch (error) {
    if (!(error instanceof Jump) || error.to !== 'next') throw error;
  }
};

const selects = (runtime: Runtime, rule: Rule, active: Set<Rule>): boolean => {
  if (rule.pattern === undefined) return true;
  if (rule.until === undefined) return isTrue(rule.pattern(runtime));
  if (!active.has(rule)) {
    if (!isTrue(rule.pattern(runtime))) return false;
    active.add(rule);
  }
  if (isTrue(rule.until(runtime))) active.delete(rule);
  return true;
};
