// The part of Debian that some images of the lab carry, taken from the root file system of a node host.
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { check } from '../shell.js';
import { file, folder, symlink, type TarEntry } from './tar.js';

/** Debian's statically linked busybox crashes when this applet looks up a name; curl is there instead. */
const BROKEN_APPLET = 'usr/bin/wget';

/** busybox, curl, `ip` and the packet-filter programs, with the libraries they load; kube-proxy needs the latter. */
export async function userlandEntries(root: string): Promise<TarEntry[]> {
  const programs = [
    'usr/sbin/xtables-nft-multi',
    'usr/sbin/xtables-legacy-multi',
    'usr/sbin/nft',
    'usr/sbin/conntrack',
    'usr/bin/ip',
    'usr/bin/curl',
  ];
  const plugins = 'usr/lib/x86_64-linux-gnu/xtables';
  const busybox = 'usr/bin/busybox';
  const pluginPaths = readdirSync(join(root, plugins))
    .toSorted()
    .map((name) => `${plugins}/${name}`);
  // Plugins bring libraries of their own, such as libm for "statistic", by which kube-proxy spreads connections.
  const libraries = await librariesOf(root, [...programs, ...pluginPaths]);
  const files = [
    ...[...programs, busybox].map((path) => file(path, readFileSync(join(root, path)), 0o755)),
    ...[...libraries].map(([path, source]) => file(path, readFileSync(source), 0o755)),
    ...pluginPaths.map((path) =>
      lstatSync(join(root, path)).isSymbolicLink()
        ? symlink(path, readlinkSync(join(root, path)))
        : file(path, readFileSync(join(root, path))),
    ),
    ...packetFilterLinks(root),
    ...(await appletLinks(root, new Set([BROKEN_APPLET, ...programs]))),
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
function packetFilterLinks(root: string): TarEntry[] {
  const names = readdirSync(join(root, 'usr/sbin')).toSorted();
  const links = names
    .filter((name) => /^ip6?tables.*-(nft|legacy)(-|$)/.test(name))
    .map((name) =>
      symlink(`usr/sbin/${name}`, name.includes('-legacy') ? 'xtables-legacy-multi' : 'xtables-nft-multi'),
    );
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
