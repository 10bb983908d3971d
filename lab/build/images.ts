// The container images of the lab: those that kubeadm of a version asks for, the network's, and a web server to test with.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labFile } from '../paths.js';
import { makeLayer, writeArchive, type Image } from './oci-archive.js';
import { check } from '../shell.js';
import { file, folder, symlink, type TarEntry } from './tar.js';
import { userlandEntries } from './userland.js';
import { releaseOf, type KubernetesVersion } from './versions.js';

const LAB_NETWORK_IMAGE = 'localhost/lab/network:1';
export const WEB_IMAGE = 'localhost/lab/web:1';

const KUBE_PROGRAMS =
  `kube-apiserver kube-controller-manager kube-scheduler kube-proxy etcd etcdctl etcdutl kubectl`.split(' ');
const SCRIPTS = { pause: 'pause.c', network: 'lab-network.sh', web: 'web.sh' } as const;

/** Changes whenever an image would. */
export function imageFilesDigest(): string {
  const hash = createHash('sha256').update('3');
  for (const name of Object.values(SCRIPTS)) hash.update(readFileSync(labFile('images', name)));
  return hash.digest('hex');
}

export interface ImageSources {
  path: string;
  version: KubernetesVersion;
  /** The executables. */
  kube: string;
  coredns: string;
  /** Root file system of a node host: kube-proxy needs its packet-filter programs. */
  root: string;
}

export async function writeImages(sources: ImageSources): Promise<void> {
  const { tags } = releaseOf(sources.version);
  const userland = makeLayer([...skeleton(), ...(await userlandEntries(sources.root))]);
  const kube = makeLayer([
    ...localFolders(),
    file('usr/local/bin/labkube', readFileSync(sources.kube), 0o755),
    ...KUBE_PROGRAMS.map((name) => symlink(`usr/local/bin/${name}`, 'labkube')),
  ]);
  const script = (name: string, source: string): TarEntry[] => [
    ...localFolders(),
    file(`usr/local/bin/${name}`, readFileSync(labFile('images', source)), 0o755),
  ];
  const registry = 'registry.k8s.io';
  const images: Image[] = [
    ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((name) => ({
      names: [`${registry}/${name}:${sources.version}`],
      layers: [kube],
      entrypoint: [name],
    })),
    { names: [`${registry}/kube-proxy:${sources.version}`], layers: [kube, userland], entrypoint: ['kube-proxy'] },
    { names: [`${registry}/etcd:${tags.etcd}`], layers: [kube], entrypoint: ['etcd'] },
    {
      names: [`${registry}/pause:${tags.pause}`],
      layers: [makeLayer([file('pause', await compilePause(), 0o755)])],
      entrypoint: ['/pause'],
    },
    {
      names: [`${registry}/coredns/coredns:${tags.coredns}`],
      layers: [makeLayer([...skeleton(), file('coredns', readFileSync(sources.coredns), 0o755)])],
      entrypoint: ['/coredns'],
    },
    {
      names: [LAB_NETWORK_IMAGE],
      layers: [kube, userland, makeLayer(script('lab-network', SCRIPTS.network))],
      entrypoint: ['/usr/local/bin/lab-network'],
    },
    {
      names: [WEB_IMAGE],
      layers: [userland, makeLayer(script('web', SCRIPTS.web))],
      entrypoint: ['/usr/local/bin/web'],
    },
  ];
  writeArchive(sources.path, images);
}

const localFolders = (): TarEntry[] => ['usr', 'usr/local', 'usr/local/bin'].map((path) => folder(path));

const skeleton = (): TarEntry[] => [
  ...['etc', 'var', 'var/lib', 'run', 'proc', 'sys', 'dev', 'root', 'www'].map((path) => folder(path)),
  folder('tmp', 0o1777),
];

async function compilePause(): Promise<Buffer> {
  const work = mkdtempSync(join(tmpdir(), 'quorate-lab-'));
  try {
    await check('gcc', ['-static', '-Os', '-s', '-o', join(work, 'pause'), labFile('images', SCRIPTS.pause)]);
    return readFileSync(join(work, 'pause'));
  } finally {
    rmSync(work, { recursive: true });
  }
}
