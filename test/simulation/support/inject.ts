import type { Simulation } from '../../../lab/simulation/index.js';
import { evidenceExists } from '../../support/verdict-moments.js';

/** Called at most once, when something happens on a host; the answer ends the waiting. */
type Once = () => void;

const once = (work: () => void): { readonly run: Once; stop: () => void } => {
  const self = {
    done: false,
    stop: () => undefined as void,
    run: () => {
      if (self.done) return;
      self.done = true;
      self.stop();
      evidenceExists('fault');
      work();
    },
  };
  return self;
};

/**
 * Does something at the very moment at which a program on a host prints a text into one of Quorate's logs: the program
 * goes on only afterwards.
 */
export const whenPrinted = (simulation: Simulation, host: string, text: string, work: () => void): Once => {
  const { files } = simulation.host(host).machine;
  const call = once(work);
  call.stop = files.watch('/var/log/quorate/', (path) => {
    if (files.readIfThere(path)?.includes(text) === true) call.run();
  });
  return call.stop;
};

/** Does something at the very moment at which a file appears or changes whose path matches. */
export const whenWritten = (simulation: Simulation, host: string, path: RegExp, work: () => void): Once => {
  const call = once(work);
  call.stop = simulation.host(host).machine.files.watch('/', (changed) => {
    if (path.test(changed)) call.run();
  });
  return call.stop;
};

/** Runs a script on a host's console. @throws Error when it fails */
export const onConsole = async (simulation: Simulation, host: string, script: string): Promise<string> => {
  const { code, stdout, stderr } = await simulation.host(host).console(script);
  if (code !== 0) throw new Error(`${host}: ${script}\nended with ${code}: ${stderr}`);
  return stdout;
};

/** kubectl on a control-plane host, at its own API server. */
export const kubectl = (simulation: Simulation, host: string, args: string): Promise<string> =>
  onConsole(
    simulation,
    host,
    `kubectl --kubeconfig /etc/kubernetes/admin.conf --server https://${simulation.host(host).address}:6443 ${args}`,
  );
