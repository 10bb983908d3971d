import { runProgram } from '../../cli/program.js';

export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in this process. @param options.columns makes its output a terminal of that width. */
export const runCli = async (
  args: readonly string[],
  options: {
    env?: Record<string, string | undefined>;
    columns?: number;
    signal?: AbortSignal;
    onOut?: (text: string) => void;
  } = {},
): Promise<CliResult> => {
  let out = '';
  let err = '';
  const code = await runProgram(
    args,
    {
      env: { HOME: '/nonexistent', ...options.env },
      out: (text) => {
        out += text;
        options.onOut?.(text);
      },
      err: (text) => void (err += text),
      signal: options.signal ?? new AbortController().signal,
      ...(options.columns === undefined ? {} : { columns: options.columns }),
    },
    '1.2.3',
  );
  return { code, out, err };
};

/** A valid specification of a cluster with this name. */
export const clusterYaml = (name: string): string => `apiVersion: quorate.dev/v1alpha1
kind: Cluster
metadata: { name: ${name} }
spec:
  kubernetesVersion: v1.37.1
  controlPlaneEndpoint: 10.203.0.10:6443
  networking: { podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/16 }
  loadBalancer: { kind: haproxy, hosts: [lb1] }
  hosts:
    cp1: { role: control-plane, address: 10.203.0.11 }
    cp2: { role: control-plane, address: 10.203.0.12 }
    cp3: { role: control-plane, address: 10.203.0.13 }
    w1: { role: worker, address: 10.203.0.21 }
    lb1: { role: load-balancer, address: 10.203.0.10 }
`;
