import { isPattern, matches } from '../../shell/expansion/patterns.js';
import type { Machine } from '../../system/machine.js';
import type { Process, Program } from '../../system/process.js';
import { signalNumber, signalNumbers } from '../../system/signals.js';
import type { Unit } from '../../system/unit.js';
import { disable, enable, enablement, isMasked, unitFile } from '../../system/unit-file.js';
import { parseOptions } from '../../text/input.js';

const fullName = (name: string): string =>
  /\.(service|socket|target|timer|scope|slice)$/.test(name) ? name : `${name}.service`;

const propertiesOf = (process: Process, name: string): Record<string, string> => {
  const { machine } = process;
  const unit = machine.systemd.unit(name);
  const masked = isMasked(machine.files, name);
  const microseconds = (ms: number | undefined): string => (ms === undefined ? '0' : String(ms * 1000));
  return {
    Type: unit?.definition.type ?? '',
    Restart: unit?.definition.restart ?? 'no',
    MainPID: String(unit?.isRunning === true ? unit.main?.pid : 0),
    ControlPID: '0',
    Result: unit?.result ?? 'success',
    NRestarts: String(unit?.restarts ?? 0),
    ExecMainStartTimestampMonotonic: microseconds(unit?.main?.startedAt),
    ExecMainCode: String(unit?.mainCode ?? 0),
    ExecMainStatus: String(unit?.mainStatus ?? 0),
    Id: name,
    Names: name,
    LoadState: masked ? 'masked' : unit === undefined ? 'not-found' : 'loaded',
    ActiveState: unit?.active ?? 'inactive',
    SubState: unit?.sub ?? 'dead',
    FragmentPath:
      unitFile(machine.files, name) ??
      (unit?.definition.transient === true ? `/run/systemd/transient/${unit.name}` : ''),
    UnitFileState: unit?.definition.transient === true ? 'transient' : (enablement(machine.files, name) ?? ''),
    InvocationID: unit?.invocationId ?? '',
    ControlGroup: unit?.isRunning === true ? unit.controlGroup : '',
  };
};

const show = (process: Process, names: readonly string[], wanted: readonly string[], value: boolean): number => {
  const blocks = names.map((name) => {
    const all = Object.entries(propertiesOf(process, name));
    const chosen = wanted.length === 0 ? all : all.filter(([key]) => wanted.includes(key));
    return chosen.map(([key, text]) => (value ? `${text}\n` : `${key}=${text}\n`)).join('');
  });
  process.print(blocks.join('\n'));
  return 0;
};

const status = (process: Process, name: string): number => {
  const unit = process.machine.systemd.unit(name);
  if (unit === undefined) {
    process.complain(`Unit ${name} could not be found.\n`);
    return 4;
  }
  const enabled = enablement(process.machine.files, name) ?? 'transient';
  process.print(
    `${name} - ${unit.definition.description}\n     Loaded: loaded (${unitFile(process.machine.files, name) ?? 'transient'}; ${enabled})\n`,
  );
  process.print(`     Active: ${unit.active} (${unit.sub})\n`);
  if (unit.isRunning) process.print(`   Main PID: ${unit.main?.pid}\n`);
  for (const { text } of process.machine.journal.entries(name).slice(-10)) process.print(`${text}\n`);
  return unit.active === 'active' ? 0 : 3;
};

/** `list-units --plain --no-legend`: loaded units that are or were active, as systemd keeps them. */
const listUnits = (process: Process, patterns: readonly string[], legend: boolean): number => {
  const units = process.machine.systemd
    .loaded()
    .filter(
      ({ name, active }) =>
        active !== 'inactive' && (patterns.length === 0 || patterns.some((one) => matches(one, name))),
    )
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const rows = units.map(({ name, active, sub, definition }) => [name, 'loaded', active, sub, definition.description]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    process.print(
      `${row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join(' ')
        .trimEnd()}\n`,
    );
  if (legend) process.print(`\n${units.length} loaded units listed.\n`);
  return 0;
};

/** Units that a pattern stands for; a name stands for itself. */
const matching = (machine: Machine, name: string): readonly string[] => {
  if (!isPattern(name)) return [name];
  return machine.systemd
    .loaded()
    .map((unit) => unit.name)
    .filter((one) => matches(name, one));
};

const notFound = (process: Process, verb: string, name: string): number => {
  process.complain(
    isMasked(process.machine.files, name)
      ? `Failed to ${verb} ${name}: Unit ${name} is masked.\n`
      : `Failed to ${verb} ${name}: Unit ${name} not found.\n`,
  );
  return 5;
};

/** Starts a unit and says what went wrong with it, as `systemctl start` does. */
const start = async (process: Process, unit: Unit): Promise<number> => {
  await process.during(unit.start());
  while (unit.active === 'activating' && unit.sub === 'start') await process.during(unit.whenChanged());
  if (unit.active !== 'failed' && unit.sub !== 'auto-restart') return 0;
  process.complain(
    `Job for ${unit.name} failed because the control process exited with error code.\nSee "systemctl status ${unit.name}" and "journalctl -xeu ${unit.name}" for details.\n`,
  );
  return 1;
};

const forUnit = async (process: Process, verb: string, name: string, quiet = false): Promise<number> => {
  const { systemd, files } = process.machine;
  const unit = systemd.unit(name);
  switch (verb) {
    case 'start':
      return unit === undefined ? notFound(process, verb, name) : start(process, unit);
    case 'stop':
      if (unit === undefined) {
        process.complain(`Failed to stop ${name}: Unit ${name} not loaded.\n`);
        return 5;
      }
      await process.during(unit.stop());
      return 0;
    case 'restart':
    case 'try-restart':
      if (unit === undefined) return notFound(process, verb, name);
      await process.during(unit.stop());
      return start(process, unit);
    case 'reload':
    case 'reload-or-restart':
      if (unit === undefined) return notFound(process, verb, name);
      if (unit.isRunning && unit.definition.execReload.length > 0) {
        if (await process.during(unit.reload())) return 0;
        process.complain(
          `Job for ${name} failed.\nSee "systemctl status ${name}" and "journalctl -xeu ${name}" for details.\n`,
        );
        return 1;
      }
      if (verb === 'reload') {
        process.complain(`Failed to reload ${name}: Job type reload is not applicable for unit ${name}.\n`);
        return 1;
      }
      await process.during(unit.stop());
      return start(process, unit);
    case 'enable':
      if (unitFile(files, name) === undefined) return notFound(process, verb, name);
      if (enable(files, name) && !quiet)
        process.complain(
          `Created symlink /etc/systemd/system/multi-user.target.wants/${name} → ${unitFile(files, name)}.\n`,
        );
      return 0;
    case 'disable':
      disable(files, name);
      return 0;
    case 'mask':
      if (files.look(`/etc/systemd/system/${name}`, false) === undefined)
        files.makeLink('/dev/null', `/etc/systemd/system/${name}`);
      return 0;
    case 'unmask':
      if (isMasked(files, name)) files.remove(`/etc/systemd/system/${name}`);
      return 0;
    case 'reset-failed':
      if (unit === undefined) {
        process.complain(`Failed to reset failed state of unit ${name}: Unit ${name} not loaded.\n`);
        return 1;
      }
      unit.resetFailed();
      return 0;
    default:
      process.complain(`Unknown command verb ${verb}.\n`);
      return 1;
  }
};

export const systemctl: Program = async (process, args) => {
  const { flags, values, all, operands } = parseOptions(args, 'pst', ['property', 'signal', 'lines', 'kill-whom']);
  const [verb = 'list-units', ...given] = operands;
  const names = given.map(fullName);
  const quiet = flags.has('q') || flags.has('quiet');
  const { machine } = process;
  switch (verb) {
    case 'list-units':
      return listUnits(process, given, !flags.has('no-legend'));
    case 'show':
      return show(
        process,
        names,
        [...all('p'), ...all('property')].flatMap((one) => one.split(',')),
        flags.has('value'),
      );
    case 'is-active':
    case 'is-failed': {
      const states = names.map((name) => machine.systemd.unit(name)?.active ?? 'inactive');
      if (!quiet) process.print(states.map((state) => `${state}\n`).join(''));
      return states.includes(verb === 'is-active' ? 'active' : 'failed') ? 0 : verb === 'is-active' ? 3 : 1;
    }
    case 'is-enabled': {
      let found = 1;
      for (const name of names) {
        const state = enablement(machine.files, name);
        if (state === undefined)
          process.complain(`Failed to get unit file state for ${name}: No such file or directory\n`);
        else if (!quiet) process.print(`${state}\n`);
        if (state === 'enabled' || state === 'static') found = 0;
      }
      return found;
    }
    case 'status':
      return status(process, names[0] ?? '');
    case 'daemon-reload':
      return 0;
    case 'is-system-running':
      process.print('running\n');
      return 0;
    case 'kill': {
      const signal = signalNumber(values.get('s') ?? values.get('signal') ?? 'TERM') ?? signalNumbers.TERM;
      for (const name of names.flatMap((name) => matching(machine, name)))
        for (const one of machine.processes.inControlGroup(`/system.slice/${name}`)) one.kill(signal);
      return 0;
    }
    case 'reboot':
      void machine.reboot();
      return 0;
    case 'poweroff':
    case 'halt':
      void machine.shutdown();
      return 0;
    default: {
      let worst = 0;
      for (const name of names) worst = Math.max(worst, await forUnit(process, verb, name, quiet));
      if (flags.has('now') && verb === 'enable')
        for (const name of names) worst = Math.max(worst, await forUnit(process, 'start', name));
      if (flags.has('now') && verb === 'disable') for (const name of names) await forUnit(process, 'stop', name);
      return worst;
    }
  }
};
