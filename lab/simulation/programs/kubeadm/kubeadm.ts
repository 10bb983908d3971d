import { randomBytes } from 'node:crypto';
import type { Process, Program } from '../../system/process.js';
import { parseOptions } from '../../text/input.js';
import { accessOf, adminConf } from './access.js';
import { readConfiguration } from './configuration.js';
import { checkExpiration } from './expiration.js';
import { imagesOf, pullImages } from './phases/images.js';
import { bootstrapTokenPhase, init } from './init.js';
import { join } from './join.js';
import { CommandFailure, guarded, inPhase } from './output.js';
import { reset } from './reset.js';
import { token } from './token.js';
import { uploadCerts } from './phases/upload-certs.js';

const version = (process: Process, args: readonly string[]): number => {
  const { values } = parseOptions(args, 'o', ['output']);
  const { kubernetesVersion } = process.machine;
  const output = values.get('o') ?? values.get('output');
  if (output === 'short') process.print(`${kubernetesVersion}\n`);
  else process.print(`kubeadm version: &version.Info{GitVersion:"${kubernetesVersion}", Platform:"linux/amd64"}\n`);
  return 0;
};

/** `kubeadm config`. */
const config = async (process: Process, args: readonly string[]): Promise<number> => {
  const { values, operands } = parseOptions(args, '', ['config', 'kubernetes-version', 'cri-socket']);
  const documents = readConfiguration(process, values.get('config'));
  const cluster = documents.ClusterConfiguration ?? {};
  const wanted = values.get('kubernetes-version') ?? cluster.kubernetesVersion ?? process.machine.kubernetesVersion;
  switch (operands.join(' ')) {
    case 'images list':
      process.print(
        imagesOf(wanted, cluster.imageRepository)
          .map((image) => `${image}\n`)
          .join(''),
      );
      return 0;
    case 'images pull':
      await pullImages(process, imagesOf(wanted, cluster.imageRepository), true);
      return 0;
    case 'validate':
      process.print('ok\n');
      return 0;
    default:
      throw new CommandFailure(`unknown command "config ${operands.join(' ')}"`);
  }
};

/** `kubeadm init phase ...`: those that are run by themselves. */
const initPhase = async (process: Process, args: readonly string[]): Promise<number> => {
  const { values, flags, operands } = parseOptions(args, 'v', ['config', 'kubeconfig', 'certificate-key']);
  const [phase = ''] = operands;
  if (phase === 'bootstrap-token')
    return bootstrapTokenPhase(process, values.get('config'), values.get('kubeconfig') ?? adminConf);
  if (phase !== 'upload-certs') throw new CommandFailure(`unknown phase "${phase}"`);
  if (!flags.has('upload-certs')) {
    process.print('[upload-certs] Skipping phase. Please see --upload-certs\n');
    return 0;
  }
  const given =
    values.get('certificate-key') ?? readConfiguration(process, values.get('config')).InitConfiguration?.certificateKey;
  const access = accessOf(process, values.get('kubeconfig') ?? adminConf);
  await inPhase('upload-certs', () =>
    uploadCerts(process, access, given ?? randomBytes(32).toString('hex'), {
      printKey: !flags.has('skip-certificate-key-print'),
      verbosity: Number(values.get('v')?.replace('=', '') ?? 0),
    }),
  );
  return 0;
};

/** kubeadm. */
export const kubeadm: Program = (process, args) =>
  guarded(process, async () => {
    const [command = '', ...rest] = args;
    switch (command) {
      case 'version':
        return version(process, rest);
      case 'config':
        return config(process, rest);
      case 'init':
        return rest[0] === 'phase' ? initPhase(process, rest.slice(1)) : init(process, rest);
      case 'join':
        return join(process, rest);
      case 'reset':
        return reset(process, rest);
      case 'token':
        return token(process, rest);
      case 'certs':
        if (rest[0] === 'certificate-key') {
          process.print(`${randomBytes(32).toString('hex')}\n`);
          return 0;
        }
        return checkExpiration(process, rest.slice(1));
      default:
        throw new CommandFailure(`unknown command "${command}" for "kubeadm"`);
    }
  });
