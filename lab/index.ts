// The lab as a library: real kubeadm hosts on one Linux machine, and faults for them.
export { startLab, type Lab, type LabOptions } from './lab.js';
export type { Faults } from './faults.js';
export { rootFolderOf, type LabHost } from './host/host.js';
export type { HostRunOptions } from './host/ssh.js';
export type { HostKind } from './build/base-system.js';
export type { HostOptions } from './topology.js';
export type { KubernetesVersion } from './build/versions.js';
export { LabInUseError } from './ownership.js';
export { NeedsError } from './needs.js';
export { WEB_IMAGE } from './build/images.js';
export { clusterYaml } from './cluster-yaml.js';
