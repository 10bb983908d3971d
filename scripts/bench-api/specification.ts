/**
 * A specification with three control-plane hosts and that many workers `w1`, `w2`, ...
 *
 * @param parallel how many of them join at the same time; the others wait for their turn
 */
export const specificationOf = (
  cluster: string,
  workers: number,
  parallel = 20,
): string => `apiVersion: quorate.dev/v1alpha1
kind: Cluster
metadata: { name: ${cluster} }
spec:
  kubernetesVersion: v1.37.1
  controlPlaneEndpoint: 10.203.0.10:6443
  networking: { podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/16 }
  loadBalancer: { kind: haproxy, hosts: [lb1] }
  policy: { parallelJoins: ${parallel}, budgets: { unreachable: 1s } }
  hosts:
    cp1: { role: control-plane, address: 10.203.0.11 }
    cp2: { role: control-plane, address: 10.203.0.12 }
    cp3: { role: control-plane, address: 10.203.0.13 }
    lb1: { role: load-balancer, address: 10.203.0.10 }
${Array.from({ length: workers }, (_, index) => {
  const number = index + 1;
  return `    w${number}: { role: worker, address: 10.204.${Math.floor(number / 250)}.${(number % 250) + 1} }`;
}).join('\n')}
`;
