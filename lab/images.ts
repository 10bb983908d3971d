// The container images of the lab: those that kubeadm of a version asks for, the network's, and a web server to test with.
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { labFile } from './paths.js';
import { makeLayer, writeArchive, type Image } from './oci-archive.js';
import { check } from './shell.js';
import { file, folder, symlink, type TarEntry } from './tar.js';
import { releaseOf, type KubernetesVersion } from './versions.js';

export const LAB_NETWORK_IMAGE = 'localhost/lab/network:1';
export const WEB_IMAGE = 'localhost/lab/web:1';

const KUBE_PROGRAMS =
  `kube-apiserver kube-controller-manager kube-scheduler kube-proxy etcd etcdctl etcdutl kubectl`.split(' ');
const SCRIPTS = { pause: 'pause.c', network: 'lab-network.sh', web: 'web.sh' } as const;

/** Changes whenever an image would. */
export function imageFilesDigest(): string {
  const hash = createHash('sha256').update('1');
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
    { names: [`${registry}/kube-proxy:${sources.version}`], layers: [userland, kube], entrypoint: ['kube-proxy'] },
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
      layers: [userland, kube, makeLayer(script('lab-network', SCRIPTS.network))],
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

/** busybox, the packet-filter programs and `ip` of Debian, with the libraries they load. */
async function userlandEntries(root: string): Promise<TarEntry[]> {
  const programs = [
    'usr/sbin/xtables-nft-multi',
    'usr/sbin/xtables-legacy-multi',
    'usr/sbin/nft',
    'usr/sbin/conntrack',
    'usr/bin/ip',
  ];
  const plugins = 'usr/lib/x86_64-linux-gnu/xtables';
  const busybox = 'usr/bin/busybox';
  const libraries = await librariesOf(root, programs);
  const files = [
    ...[...programs, busybox].map((path) => file(path, readFileSync(join(root, path)), 0o755)),
    ...[...libraries].map(([path, source]) => file(path, readFileSync(source), 0o755)),
    ...readdirSync(join(root, plugins))
      .toSorted()
      .filter((name) => lstatSync(join(root, plugins, name)).isFile())
      .map((name) => file(`${plugins}/${name}`, readFileSync(join(root, plugins, name)))),
    ...readdirSync(join(root, plugins))
      .toSorted()
      .filter((name) => lstatSync(join(root, plugins, name)).isSymbolicLink())
      .map((name) => symlink(`${plugins}/${name}`, readlinkSync(join(root, plugins, name)))),
    ...(await packetFilterLinks(root)),
    ...(await appletLinks(root, new Set(['usr/bin/ip', ...programs]))),
  ];
  const folders = new Set<string>();
  for (const entry of files) {
    for (let path = dirname(entry.path); path !== '.'; path = dirname(path)) folders.add(path);
  }
  return [
    ...[...folders].toSorted().map((path) => folder(path)),
    ...['bin', 'sbin', 'lib', 'lib64'].map((name) => symlink(name, `usr/${name}`)),
    ...files,
  ];
}

/** iptables and its relatives are one program by many names; Debian's default is the one that speaks nf_tables. */
async function packetFilterLinks(root: string): Promise<TarEntry[]> {
  const names = readdirSync(join(root, 'usr/sbin')).toSorted();
  const links = names
    .filter((name) => /^ip6?tables.*-(nft|legacy)(-|$)/.test(name))
    .flatMap((name) => {
      const target = name.includes('-legacy') ? 'xtables-legacy-multi' : 'xtables-nft-multi';
      return [symlink(`usr/sbin/${name}`, target)];
    });
  const defaults = ['iptables', 'ip6tables'].flatMap((family) =>
    ['', '-save', '-restore'].map((suffix) => symlink(`usr/sbin/${family}${suffix}`, 'xtables-nft-multi')),
  );
  return [...links, ...defaults];
}

async function appletLinks(root: string, taken: ReadonlySet<string>): Promise<TarEntry[]> {
  const listed = await check(join(root, 'usr/bin/busybox'), ['--list']);
  return listed
    .split('\n')
    .filter(
      (name) => name !== '' && name !== 'busybox' && !taken.has(`usr/bin/${name}`) && !taken.has(`usr/sbin/${name}`),
    )
    .map((name) => symlink(`usr/bin/${name}`, 'busybox'));
}

/** Path in the image → file, for every shared library the programs need. */
async function librariesOf(root: string, programs: readonly string[]): Promise<Map<string, string>> {
  const listed = await check('chroot', [root, 'ldd', ...programs.map((path) => `/${path}`)]);
  const paths = new Set([...listed.matchAll(/(\/\S+\.so\S*) \(0x/g)].map((match) => match[1] ?? ''));
  // Links are followed inside the root: some are absolute.
  const followed = await check('chroot', [root, 'readlink', '-e', ...paths]);
  const targets = followed.trim().split('\n');
  if (targets.length !== paths.size) throw new Error(`Libraries of ${programs.join(', ')} are missing in ${root}`);
  return new Map(
    [...paths].map((path, index) => [path.replace(/^\/(usr\/)?lib/, 'usr/lib'), join(root, targets[index] ?? '')]),
  );
}

async function compilePause(): Promise<Buffer> {
  const work = mkdtempSync(join(tmpdir(), 'quorate-lab-'));
  try {
    await check('gcc', ['-static', '-Os', '-s', '-o', join(work, 'pause'), labFile('images', SCRIPTS.pause)]);
    return readFileSync(join(work, 'pause'));
  } finally {
    rmSync(work, { recursive: true });
  }
}
