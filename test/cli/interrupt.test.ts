import { execFileSync } from 'node:child_process';
import { constants, existsSync, openSync, watch, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { QuorateClient } from '../../api/client/client.js';
import { operationId } from '../../api/client/operation-id.js';
import { freePort } from '../../workers/temporal-server/ports.js';
import { startApiServer } from '../support/api-server.js';
import { eventually } from '../support/eventually.js';
import { operationView } from '../support/operation-views.js';
import { startQuorate, type QuorateProcess } from '../support/quorate-process.js';
import { clusterYaml } from '../support/run-cli.js';
import { stubClient } from '../support/stub-client.js';
import { temporaryFolder } from '../support/temporary-folder.js';

// Whole processes are started and get the signal that ^C sends.
vi.setConfig({ testTimeout: 120_000 });

const operation = operationId({ cluster: 'prod', kind: 'join-worker', host: 'w1' }, 'mine');

let file: string;
beforeEach(() => {
  file = join(temporaryFolder(), 'cluster.yaml');
  writeFileSync(file, clusterYaml('prod'));
});

/** Sends what ^C sends. @returns how it ended; "not within 4 s" when it did not, and it is killed then. */
const interrupted = async ({ child, ended }: QuorateProcess): Promise<number | string | null> => {
  child.kill('SIGINT');
  const late = new Promise<string>((resolve) => setTimeout(resolve, 4_000, 'not within 4 s'));
  const how = await Promise.race([ended.then((code) => code ?? child.signalCode), late]);
  child.kill('SIGKILL');
  await ended;
  return how;
};

/** Starts a command over an API whose server never answers one kind of question, and waits until that was asked. */
const hanging = async (question: keyof QuorateClient, args: readonly string[]): Promise<QuorateProcess> => {
  const client = stubClient({ [question]: () => new Promise(() => {}) });
  const { url, stop } = await startApiServer(client);
  const command = startQuorate(args, { QUORATE_SERVER: url });
  onTestFinished(async () => {
    command.child.kill('SIGKILL');
    await command.ended;
    await stop();
  });
  await eventually(() => client.calls.map(([name]) => name)).toContain(question);
  return command;
};

describe('R25: ^C ends a command at once with 130', () => {
  test.each<[keyof QuorateClient, (file: string) => string[]]>([
    ['status', (of) => ['status', '-f', of]],
    ['plan', (of) => ['plan', 'w1', '-f', of]],
    ['list', () => ['operations', 'list']],
    ['view', () => ['operations', 'show', operation]],
    ['find', () => ['operations', 'watch', operation]],
  ])('%s: nothing was changed', async (question, args) => {
    const command = await hanging(question, args(file));
    expect(await interrupted(command)).toBe(130);
    expect(command.err()).toBe('Interrupted before an answer came. Nothing was changed.\n');
    expect(command.out()).toBe('');
  });

  test('an operation that was asked for: that it may go on, and how it is seen, stopped, and asked for again', async () => {
    const command = await hanging('submit', ['join', 'w1', '-f', file, '--key', 'mine']);
    expect(await interrupted(command)).toBe(130);
    expect(command.err()).toBe(
      `Interrupted before an answer came. If it was taken, ${operation} goes on.\n` +
        `  see it: quorate operations watch ${operation}\n` +
        `  stop it: quorate cancel ${operation}\n` +
        `  ask for the same operation again: quorate join w1 -f ${file} --key mine\n`,
    );
  });

  test.each<[keyof QuorateClient, string[], string]>([
    [
      'decide',
      ['decide', operation, 'retry'],
      `If the decision retry was taken, ${operation} goes on with it.\n  see it: quorate operations show ${operation}\n`,
    ],
    [
      'cancel',
      ['cancel', operation],
      `If the cancel was taken, ${operation} undoes what it did.\n  see it: quorate operations watch ${operation}\n`,
    ],
    [
      'retry',
      ['retry', '--all-blocked'],
      'Operations that took the decision go on.\n  see them: quorate operations list --no-ended\n',
    ],
    ['retry', ['retry', '--all-blocked', '--dry-run'], 'Nothing was changed.\n'],
  ])('%s: what may go on', async (question, args, said) => {
    const command = await hanging(question, args);
    expect(await interrupted(command)).toBe(130);
    expect(command.err()).toBe(`Interrupted before an answer came. ${said}`);
  });

  test('as JSON it is an error like others', async () => {
    const command = await hanging('submit', ['join', 'w1', '-f', file, '--key', 'mine', '--output', 'json']);
    expect(await interrupted(command)).toBe(130);
    expect(JSON.parse(command.out())).toEqual({
      error: {
        type: 'interrupted',
        message: `Interrupted before an answer came. If it was taken, ${operation} goes on.`,
        evidence: [
          `see it: quorate operations watch ${operation}`,
          `stop it: quorate cancel ${operation}`,
          `ask for the same operation again: quorate join w1 -f ${file} --key mine`,
        ],
      },
    });
  });

  test('a watch that has seen nothing yet, and one that has', async () => {
    const goesOn = (of: string) => `\nThe operation goes on. Watch it with: quorate operations watch ${of}\n`;
    const first = await hanging('watch', ['join', 'w1', '-f', file]);
    expect(await interrupted(first)).toBe(130);
    // By the id that the server gave it.
    expect(first.err()).toBe(goesOn('prod/join-worker/w1/1f00aa11'));

    const { url, stop } = await startApiServer(
      stubClient({
        watch: async function* () {
          yield operationView();
          await new Promise(() => {});
        },
      }),
    );
    onTestFinished(stop);
    const second = startQuorate(['operations', 'watch', operation], { QUORATE_SERVER: url });
    await second.said('kubeadm join on w2: running');
    expect(await interrupted(second)).toBe(130);
    expect(second.err()).toBe(goesOn(operation));
  });
});

describe('R25: ^C ends at once also', () => {
  /** Accepts connections and never says a word. */
  const silent = async (): Promise<{ address: string; dialled: Promise<void> }> => {
    const server = createServer((socket) => socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const dialled = new Promise<void>((resolve) => server.once('connection', () => resolve()));
    return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, dialled };
  };

  test.each([['operations', 'list'], ['worker']])(
    '%s: while nothing answers at the address of Temporal',
    async (...args) => {
      const { address, dialled } = await silent();
      const command = startQuorate(args, { TEMPORAL_ADDRESS: address, XDG_STATE_HOME: temporaryFolder() });
      await dialled;
      expect(await interrupted(command)).toBe(130);
      expect(command.err()).toMatch(/^Interrupted before /);
    },
  );

  test('dev: while it starts', async () => {
    const folder = temporaryFolder();
    const [temporal, asked] = [join(folder, 'temporal'), join(folder, 'asked')];
    writeFileSync(temporal, `#!/bin/sh\n: > '${asked}'\nexec sleep 8\n`, { mode: 0o755 });
    const [port, uiPort] = [await freePort(), await freePort()];
    const dev = startQuorate(['dev', '--port', `${port}`, '--ui-port', `${uiPort}`, '--temporal', temporal], {
      XDG_STATE_HOME: temporaryFolder(),
    });
    await eventually(() => existsSync(asked)).toBe(true);
    expect(await interrupted(dev)).toBe(130);
    expect(dev.err()).toBe('Interrupted before quorate dev was ready.\n');
  });

  test('a token that waits for another command: whether it was made', async () => {
    const tokens = join(temporaryFolder(), 'tokens.json');
    writeFileSync(`${tokens}.lock`, `${process.pid}  held`);
    // It looks again and again whether the lock has gone, with a file of its own that it links.
    const looks = new Promise<void>((resolve) => {
      const watcher = watch(dirname(tokens), () => resolve());
      onTestFinished(() => watcher.close());
    });
    const create = startQuorate(['token', 'create', 'ann', '--role', 'viewer', '--tokens', tokens]);
    await looks;
    expect(await interrupted(create)).toBe(130);
    expect(create.err()).toBe(
      'Interrupted before an answer came. If ann was made, nobody has its token: revoke it.\n  see it: quorate token list\n',
    );
    expect(existsSync(tokens)).toBe(false);
  });

  test('a command that reads a specification which does not come', async () => {
    const pipe = join(temporaryFolder(), 'specification');
    execFileSync('mkfifo', [pipe]);
    const command = startQuorate(['validate', pipe]);
    // Writers are refused until somebody reads; that one waits for what we do not write.
    const opened = (): number | undefined => {
      try {
        return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
      } catch {
        return undefined;
      }
    };
    await eventually(opened).toBeDefined();
    // As any program: it had not begun to wait for anybody.
    expect(await interrupted(command)).toBe('SIGINT');
  });
});
