import { Command, CommanderError, Option } from 'commander';
import type {
  ListCommandOptions,
  DecideCommandOptions,
  OutputOptions,
  WatchCommandOptions,
} from './commands/operations.js';
import type { PlanCommandOptions } from './commands/plan.js';
import type { RetryCommandOptions } from './commands/retry.js';
import type { DevCommandOptions, ServeOptions } from './commands/serve.js';
import type { StatusCommandOptions } from './commands/status.js';
import type { SubmitCommandOptions } from './commands/submit.js';
import { exitCodes, exitCodesHelp } from './exit-codes.js';
import { guarded, type Io } from './io.js';
import {
  by,
  clusterOption,
  count,
  examples,
  file,
  filled,
  hostOption,
  kindOption,
  logLevel,
  metrics,
  noWait,
  output,
  port,
  reason,
  sshConfig,
  webhooks,
} from './options.js';
import { addServerCommands, listenAddress, withoutTokensText } from './server-commands.js';
import { verbs } from '../model/operations.js';
import type { DecisionAction } from '../model/progress.js';
import { verbHelp } from './verbs.js';

// Commands are imported when they run, so that `quorate --help` does not load Temporal's native library.

/**
 * The command line. Each command hands its exit code to `setExitCode`.
 *
 * @param version shown by `--version`.
 */
const createProgram = (io: Io, version: string, setExitCode: (code: number) => void): Command => {
  /** Runs a command; what it throws is told and becomes the exit code. */
  const run =
    <Args extends unknown[]>(command: (...args: Args) => Promise<number>) =>
    async (...args: Args): Promise<void> => {
      try {
        setExitCode(await command(...args));
      } catch (error) {
        const json = args.some((arg) => (arg as { output?: unknown } | undefined)?.output === 'json');
        const { reportError } = await import('./errors.js');
        setExitCode(reportError(error, io, json));
      }
    };

  const program = new Command('quorate')
    .description('Durable operations on the control plane of kubeadm clusters.')
    .version(version)
    .showHelpAfterError('(add --help for the options of the command)')
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .addHelpText('after', exitCodesHelp)
    .addHelpText(
      'after',
      examples(
        'quorate dev                          # once: Temporal server, UI and worker on this machine',
        'quorate validate cluster.yaml        # what is wrong with it, line by line',
        'quorate init cp1                     # first control-plane host',
        'quorate join cp2                     # further hosts, by their role',
        'quorate status                       # API servers, etcd, load balancer, nodes, certificates',
        'quorate operations list --blocked    # what waits for a decision',
        'quorate retry --all-blocked          # after an outage: all of it goes on',
      ),
    );

  program
    .command('dev')
    .description('run everything on this machine: a Temporal server with its UI and database, and a worker')
    .addOption(new Option('--port <port>', 'port of the Temporal server on 127.0.0.1 (default: 7233)').argParser(port))
    .addOption(
      new Option('--ui-port <port>', 'port of the Temporal UI on 127.0.0.1 (default: --port + 1000)').argParser(port),
    )
    .option('--db-file <file>', 'database of the server (default: ~/.local/state/quorate/temporal.db)', filled)
    .option(
      '--temporal <file>',
      'executable of the Temporal command line (default: found on PATH, or fetched once)',
      filled,
    )
    .addOption(new Option('--api <host:port>', 'serve the HTTP API there as well').argParser(listenAddress))
    .option('--without-tokens', `with --api, ${withoutTokensText}`, false)
    .addOption(sshConfig())
    .addOption(webhooks())
    .addOption(metrics())
    .addOption(logLevel('error'))
    .addHelpText('after', examples('quorate dev', 'quorate dev --ssh-config ./lab/ssh_config --port 7300'))
    .action(run(async (options: DevCommandOptions) => (await import('./commands/serve.js')).dev(io, version, options)));

  program
    .command('worker')
    .description('run a worker for the Temporal server that TEMPORAL_ADDRESS or the Temporal profile names')
    .addOption(sshConfig())
    .addOption(webhooks())
    .addOption(metrics())
    .addOption(logLevel('info'))
    .addHelpText(
      'after',
      examples(
        'TEMPORAL_ADDRESS=temporal.example.org:7233 TEMPORAL_NAMESPACE=quorate quorate worker --metrics 127.0.0.1:9464',
      ),
    )
    .action(run(async (options: ServeOptions) => (await import('./commands/serve.js')).worker(io, options)));

  addServerCommands(program, { io, version, run });

  program
    .command('validate')
    .description('check a specification and print every problem with its place and the fix')
    .argument('[file]', 'specification of the cluster', 'cluster.yaml')
    .addOption(output())
    .addHelpText('after', examples('quorate validate examples/three-control-planes.yaml'))
    .action(
      run(async (path: string, options: OutputOptions) =>
        (await import('./commands/validate.js')).validate(io, path, options),
      ),
    );

  for (const verb of verbs) {
    program
      .command(verb)
      .description(verbHelp[verb].description)
      .argument('<host>', 'name of the host in the specification', filled)
      .addOption(file())
      .addOption(output())
      .addOption(by())
      .addOption(
        new Option('--key <key>', 'idempotency key: the same key is the same operation (default: a new one)').argParser(
          filled,
        ),
      )
      .addOption(noWait())
      .addHelpText('after', exitCodesHelp)
      .addHelpText('after', examples(...verbHelp[verb].examples))
      .action(
        run(async (host: string, options: SubmitCommandOptions) =>
          (await import('./commands/submit.js')).submit(io, verb, host, options),
        ),
      );
  }

  program
    .command('plan')
    .description(
      'show what a join (or init) of a host would find and do now; changes nothing; exit code 1 when it cannot be done',
    )
    .argument('<host>', 'name of the host in the specification', filled)
    .option('--init', 'as the first control-plane host of the cluster', false)
    .addOption(file())
    .addOption(output())
    .addHelpText('after', examples('quorate plan cp3', 'quorate plan cp1 --init -f prod.yaml'))
    .action(
      run(async (host: string, options: PlanCommandOptions) =>
        (await import('./commands/plan.js')).plan(io, host, options),
      ),
    );

  program
    .command('status')
    .description('show the cluster as its hosts see it now; exit code 1 when something is wrong')
    .addOption(file())
    .addOption(output())
    .addHelpText('after', examples('quorate status', 'quorate status --output json | jq .problems'))
    .action(run(async (options: StatusCommandOptions) => (await import('./commands/status.js')).status(io, options)));

  const operations = program.command('operations').description('list, show and watch operations');
  operations
    .command('list')
    .description('operations, newest first')
    .addOption(clusterOption())
    .addOption(hostOption())
    .addOption(kindOption())
    .option('--blocked', 'only those that wait for a decision')
    .option('--blocked-by <type>', 'only those blocked by this type of failure, such as Unreachable', filled)
    .option('--no-ended', 'without those that have ended')
    .addOption(new Option('--limit <count>', 'at most so many').argParser(count).default(50))
    .option('--page-token <token>', 'go on after the page that ended with this token', filled)
    .addOption(output())
    .addHelpText('after', examples('quorate operations list', 'quorate operations list --cluster prod --blocked'))
    .action(run(async (options: ListCommandOptions) => (await import('./commands/operations.js')).list(io, options)));
  operations
    .command('show')
    .description('one operation: its steps, its plan, why it waits')
    .argument('<operation>', 'its id, or the front of it such as prod/join-worker/w2', filled)
    .addOption(output())
    .addHelpText('after', examples('quorate operations show prod/join-worker/w2'))
    .action(
      run(async (id: string, options: OutputOptions) =>
        (await import('./commands/operations.js')).show(io, id, options),
      ),
    );
  operations
    .command('watch')
    .description('show an operation until it ends or blocks; with --output json one line per change')
    .argument('<operation>', 'its id, or the front of it such as prod/join-worker/w2', filled)
    .option('--through-blocks', 'go on watching while it is blocked', false)
    .addOption(output())
    .addHelpText('after', exitCodesHelp)
    .action(
      run(async (id: string, options: WatchCommandOptions) =>
        (await import('./commands/operations.js')).watch(io, id, options),
      ),
    );

  program
    .command('decide')
    .description('decide how a blocked operation goes on, and watch it')
    .argument('<operation>', 'its id, or the front of it such as prod/join-worker/w2', filled)
    .addArgument(
      program
        .createArgument('<action>', 'what it does; which of them make sense is part of what it says while blocked')
        .choices(['approve', 'retry', 'skip', 'rollback', 'abort']),
    )
    .addOption(
      new Option(
        '--about <question>',
        'number of the question that is answered; refused when another one is open by now (default: the open one)',
      ).argParser(count),
    )
    .addOption(by())
    .addOption(reason())
    .addOption(noWait())
    .addOption(output())
    .addHelpText(
      'after',
      `
Actions:
  approve   go on and do what needs approval, such as the reset of a dirty host
  retry     try the step again
  skip      go on without what failed, where that makes sense
  rollback  undo what this operation did, in reverse order
  abort     end the operation and leave everything as it is
`,
    )
    .addHelpText('after', exitCodesHelp)
    .addHelpText('after', examples('quorate decide prod/join-worker/w2 approve --reason "old test node"'))
    .action(
      run(async (id: string, action: DecisionAction, options: DecideCommandOptions) =>
        (await import('./commands/operations.js')).decide(io, id, action, options),
      ),
    );

  program
    .command('retry')
    .description('after an outage: send the decision "retry" to all blocked operations that match; safe to repeat')
    .addOption(new Option('--all-blocked', 'whatever they are blocked by').default(false).conflicts('blockedBy'))
    .option('--blocked-by <type>', 'only those blocked by this type of failure, such as Unreachable', filled)
    .addOption(clusterOption())
    .addOption(hostOption())
    .addOption(kindOption())
    .option('--dry-run', 'only list them', false)
    .addOption(by())
    .addOption(reason())
    .addOption(output())
    .addHelpText('after', '\nExit code 0 when all accepted it or nothing is blocked, 1 when one refused.\n')
    .addHelpText(
      'after',
      examples('quorate retry --blocked-by Unreachable --cluster prod --dry-run', 'quorate retry --all-blocked'),
    )
    .action(run(async (options: RetryCommandOptions) => (await import('./commands/retry.js')).retry(io, options)));

  program
    .command('cancel')
    .description('stop an operation and undo what it did; one that still waits is withdrawn')
    .argument('<operation>', 'its id, or the front of it such as prod/join-worker/w2', filled)
    .addOption(by())
    .addOption(reason())
    .addOption(noWait())
    .addOption(output())
    .addHelpText('after', exitCodesHelp)
    .action(
      run(async (id: string, options: DecideCommandOptions) =>
        (await import('./commands/operations.js')).cancel(io, id, options),
      ),
    );

  return program;
};

/** Runs one command line. @param args without the program's name. @returns the exit code. */
export const runProgram = async (args: readonly string[], io: Io, version: string): Promise<number> => {
  let exitCode: number = exitCodes.done;
  const program = createProgram(guarded(io), version, (code) => (exitCode = code));
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCodes.done : exitCodes.badUsage;
  }
};
