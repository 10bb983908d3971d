import { httpRequest } from '../../../network/http-client.js';
import type { Target } from '../../../network/http-client.js';
import type { Process } from '../../../system/process.js';
import { CommandFailure, goDuration, say } from '../output.js';

/** Waits until the components of the host's control plane are healthy. @throws CommandFailure */
export const waitForComponents = async (process: Process, advertiseAddress: string, limitMs: number): Promise<void> => {
  const { machine } = process;
  say(process, '[control-plane-check] Waiting for healthy control plane components. This can take up to 4m0s');
  const checks: [string, Target][] = [
    ['kube-apiserver', { scheme: 'https', host: advertiseAddress, port: 6443, path: '/livez' }],
    ['kube-controller-manager', { scheme: 'https', host: '127.0.0.1', port: 10_257, path: '/healthz' }],
    ['kube-scheduler', { scheme: 'https', host: '127.0.0.1', port: 10_259, path: '/livez' }],
  ];
  for (const [name, { scheme, host, port, path }] of checks)
    say(process, `[control-plane-check] Checking ${name} at ${scheme}://${host}:${port}${path}`);
  const started = Date.now();
  const deadline = started + limitMs * machine.world.timeScale;
  const waiting = new Map(checks);
  for (;;) {
    for (const [name, target] of waiting) {
      const outcome = await process.during(Promise.race([httpRequest(machine, target), silence(2_000)]));
      if (outcome === undefined || outcome.kind !== 'answered' || outcome.response.status !== 200) continue;
      waiting.delete(name);
      say(process, `[control-plane-check] ${name} is healthy after ${goDuration(Date.now() - started)}`);
    }
    if (waiting.size === 0) return;
    if (Date.now() > deadline) {
      for (const name of waiting.keys())
        say(process, `[control-plane-check] ${name} is not healthy after ${goDuration(Date.now() - started)}`);
      say(
        process,
        '',
        'A control plane component may have crashed or exited when started by the container runtime.',
        '',
      );
      throw new CommandFailure(
        `failed while waiting for the control plane to start: [${[...waiting].map(([name, { scheme, host, port, path }]) => `${name} check failed at ${scheme}://${host}:${port}${path}`).join(', ')}]`,
      );
    }
    await process.work(500);
  }
};

const silence = (milliseconds: number): Promise<undefined> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(undefined), milliseconds).unref();
  });
