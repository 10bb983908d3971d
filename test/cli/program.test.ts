import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clusterYaml, runCli } from '../support/run-cli.js';
import { freePort } from '../../workers/temporal-server/ports.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('usage', () => {
  test('help names every command and every exit code', async () => {
    const { code, out } = await runCli(['--help']);
    expect(code).toBe(0);
    for (const word of [
      'dev',
      'worker',
      'validate',
      'plan',
      'init',
      'join',
      'status',
      'operations',
      'decide',
      'retry',
      'cancel',
    ]) {
      expect(out).toMatch(new RegExp(`^  ${word} `, 'm'));
    }
    expect(out.match(/^ {2}[0-5] {2}\S/gm)).toHaveLength(6);
    expect((await runCli(['--version'])).out).toBe('1.2.3\n');
  });

  test.each([
    [['jion', 'w1'], "unknown command 'jion'"],
    [['join'], "missing required argument 'host'"],
    [['join', ''], 'It is empty'],
    [['join', 'w1', '--output', 'xml'], 'Allowed choices are text, json'],
    [['decide', 'prod/join-worker/w1', 'maybe'], 'Allowed choices are approve, retry, skip, rollback, abort'],
    [['decide', 'prod/join-worker/w1', 'retry', '--about', 'it'], 'It is a number from 1'],
    [['operations', 'list', '--limit', '0'], 'It is a number from 1'],
    [['dev', '--port', '70000'], 'It is a port from 1 to 65535'],
    [['dev', '--metrics', '9464'], 'It is HOST:PORT'],
    [['server', '--trusted-proxy', 'proxy.example'], 'It is an IP address or a subnet'],
    [['server', '--trusted-proxy', '0.0.0.0/0'], 'It is an IP address or a subnet'],
    [['server', '--max-connections-per-address', '0'], 'It is a number from 1'],
  ])('%j is bad usage', async (args, message) => {
    const { code, err } = await runCli(args);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });
});

describe('--webhooks', () => {
  const env = { TEMPORAL_ADDRESS: '127.0.0.1:1' };

  test.each([
    ['the option', ['--webhooks', 'webhooks.yaml'], {}],
    ['QUORATE_WEBHOOKS', [], { QUORATE_WEBHOOKS: 'webhooks.yaml' }],
    ['the option before QUORATE_WEBHOOKS', ['--webhooks', 'webhooks.yaml'], { QUORATE_WEBHOOKS: 'other.yaml' }],
  ])('%s: what is wrong in the file is said before anything starts', async (_, args, more) => {
    const folder = temporaryFolder();
    const file = join(folder, 'webhooks.yaml');
    writeFileSync(file, 'webhooks: { ops: { url: "https://hooks.example.org/hidden" } }\n');
    const inFolder = <Value>(value: Value): Value =>
      JSON.parse(JSON.stringify(value).replaceAll('webhooks.yaml', file)) as Value;
    const { code, out, err } = await runCli(['worker', ...inFolder(args)], { env: { ...env, ...inFolder(more) } });
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toBe(
      `error: The webhooks in ${file} cannot be used.\n` +
        `  ${file}: webhooks.ops: needs one of secretFile and secretEnv; deliveries are always signed\n` +
        'What to do: Mend the lines above; docs/notifications.md shows a whole file.\n',
    );
  });

  test('an empty name is no file', async () => {
    const { code, err } = await runCli(['worker', '--webhooks', ''], { env });
    expect(code).toBe(2);
    expect(err).toContain('It is empty');
  });
});

describe('validate', () => {
  const write = (text: string): string => {
    const file = join(temporaryFolder(), 'cluster.yaml');
    writeFileSync(file, text);
    return file;
  };

  test('says what a valid file describes', async () => {
    const file = write(clusterYaml('prod'));
    expect(await runCli(['validate', file])).toEqual({
      code: 0,
      out: `${file} is valid: cluster prod, Kubernetes v1.37.1, 3 control-plane, 1 worker and 1 load-balancer hosts.\n`,
      err: '',
    });
    const json = await runCli(['validate', file, '-o', 'json']);
    expect(JSON.parse(json.out)).toEqual({ file, valid: true, problems: [], warnings: [] });
  });

  test('prints every problem with its place and the fix', async () => {
    const file = write(
      clusterYaml('prod').replace('10.203.0.12', '10.203.0.300').replace('role: worker', 'role: wroker'),
    );
    const { code, out, err } = await runCli(['validate', file]);
    expect(code).toBe(2);
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/cluster\.yaml:11:\d+: spec\.hosts\.cp2\.address: .+; .+/);
    expect(lines[1]).toMatch(/cluster\.yaml:13:\d+: spec\.hosts\.w1\.role: .+; .+/);
    expect(err).toBe(`${file} has 2 problems.\n`);
    const { problems, valid } = JSON.parse((await runCli(['validate', file, '-o', 'json'])).out) as {
      valid: boolean;
      problems: unknown[];
    };
    expect(valid).toBe(false);
    expect(problems[0]).toMatchObject({ file, line: 11, path: 'spec.hosts.cp2.address' });
  });

  test('a file that is not there is bad usage', async () => {
    const { code, err } = await runCli(['validate', '/nonexistent/cluster.yaml']);
    expect(code).toBe(2);
    expect(err).toContain(
      "error: The specification cannot be read: ENOENT: no such file or directory, open '/nonexistent/cluster.yaml'",
    );
    expect(err).toContain('What to do: Name the file with -f FILE');
  });

  test('nothing is submitted from an invalid file', async () => {
    const file = write(clusterYaml('prod').replace('10.203.0.12', '10.203.0.300'));
    const { code, err } = await runCli(['join', 'cp2', '-f', file], { env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } });
    expect(code).toBe(2);
    expect(err).toContain('spec.hosts.cp2.address');
  });

  test.each([
    [['init', 'w1'], 'init needs a host with the role control-plane; w1 is a worker'],
    [['join', 'lb1'], 'lb1 is a load-balancer'],
    [['join', 'w7'], 'prod has no host w7'],
  ])('%j is refused before anybody is asked', async (args, message) => {
    const file = write(clusterYaml('prod'));
    const { code, err } = await runCli([...args, '-f', file], { env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } });
    expect(err).toContain(message);
    expect(err).toContain('What to do: ');
    expect(code).toBe(2);
  });
});

describe('without Temporal', () => {
  test('exit code 4, with the address and where it comes from', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const { code, err } = await runCli(['operations', 'list'], { env: { TEMPORAL_ADDRESS: address } });
    expect(code).toBe(4);
    expect(err).toContain(`error: Temporal at ${address} does not answer`);
    expect(err).toContain('address from TEMPORAL_ADDRESS');
    expect(err).toContain('What to do: Operations that run are not affected.');
  }, 30_000);

  test('no address at all is bad usage, never a guess', async () => {
    const { code, out } = await runCli(['operations', 'list', '-o', 'json'], { env: { HOME: temporaryFolder() } });
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      error: { type: 'bad-usage', message: 'No Temporal server is named, and no `quorate dev` of yours runs.' },
    });
  });
});
