import { findProgram } from '../../shell/external.js';
import type { Program } from '../../system/process.js';
import { definitionOf } from '../../system/unit-file.js';

let lastNumber = 0;

/** `systemd-run`: a command in a transient unit of its own. */
export const systemdRun: Program = async (process, args) => {
  const rest = [...args];
  const settings = new Map<string, string[]>();
  const set = (assignment: string): void => {
    const equals = assignment.indexOf('=');
    const key = assignment.slice(0, equals);
    settings.set(key, [...(settings.get(key) ?? []), assignment.slice(equals + 1)]);
  };
  let name: string | undefined;
  let quiet = false;
  while (rest[0]?.startsWith('-') === true) {
    const option = rest.shift() ?? '';
    if (option === '--') break;
    const [key = '', ...value] = option.split('=');
    const text = (): string => (value.length > 0 ? value.join('=') : (rest.shift() ?? ''));
    if (key === '--unit' || key === '-u') name = text();
    else if (key === '--property' || key === '-p') set(text());
    else if (key === '--setenv' || key === '-E') set(`Environment="${text().replaceAll(/["\\]/g, '\\$&')}"`);
    else if (key === '--working-directory') set(`WorkingDirectory=${text()}`);
    else if (key === '--description') set(`Description=${text()}`);
    else if (key === '--quiet' || key === '-q') quiet = true;
    else if (key === '--remain-after-exit' || key === '-r') set('RemainAfterExit=yes');
  }
  const unit = name?.endsWith('.service') === true ? name : `${name ?? `run-u${(lastNumber += 1)}`}.service`;
  const [program = '', ...words] = rest;
  const path = findProgram(process, program, process.environment.get('PATH'));
  if (path === undefined) {
    process.complain(`Failed to find executable ${program}: No such file or directory\n`);
    return 1;
  }
  const { machine } = process;
  const definition = definitionOf(settings, { argv: [path, ...words], installable: false, transient: true });
  const started = machine.systemd.runTransient(unit, {
    ...definition,
    description: definition.description || [path, ...words].join(' '),
  });
  if (started === undefined) {
    process.complain(
      `Failed to start transient service unit: Unit ${unit} was already loaded or has a fragment file.\n`,
    );
    return 1;
  }
  await started.start();
  if (!quiet) process.complain(`Running as unit: ${unit}\n`);
  return 0;
};
