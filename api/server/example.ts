/** What the examples of the OpenAPI document are about. */
export const exampleSpecification = `apiVersion: quorate.dev/v1alpha1
kind: Cluster
metadata: { name: prod }
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

/** `join w1` asked for with this Idempotency-Key is the operation `prod/join-worker/w1/50d858e0`. */
export const exampleKey = 'example';
export const exampleOperation = { cluster: 'prod', kind: 'join-worker', host: 'w1', key: '50d858e0' } as const;
