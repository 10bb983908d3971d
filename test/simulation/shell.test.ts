import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeImage } from '../../lab/simulation/images/node-image.js';
import { programs } from '../../lab/simulation/programs/registry.js';
import { nothing, Sink, TextDescription } from '../../lab/simulation/system/description.js';
import { Machine } from '../../lab/simulation/system/machine.js';
import { Process, runProgram } from '../../lab/simulation/system/process.js';
import { programAt } from '../../lab/simulation/shell/external.js';
import { guardScript, identityFunction } from '../../adapters/host/identity-script.js';
import { folderFunctions } from '../../adapters/host/traces/folders.js';
import { loginKubeconfigsFunction } from '../../adapters/host/traces/login-kubeconfigs.js';
import { packetFilterFunctions, takesOut } from '../../adapters/host/traces/packet-filter.js';
import { World } from '../../lab/simulation/world.js';

// What a real shell and real tools make of a script is what the simulated ones have to make of it.

const world = new World();
const machine = new Machine({
  name: 'cp1',
  kind: 'node',
  address: '10.203.0.11',
  world,
  base: nodeImage('v1.37.1'),
  programs,
});
machine.startNow();
const folder = mkdtempSync(join(tmpdir(), 'shell-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
}

const simulated = async (shell: string, script: string, stdin: string): Promise<Outcome & { stderr: string }> => {
  let stdout = '';
  let stderr = '';
  const input = stdin === '' ? nothing() : new TextDescription(Buffer.from(stdin).toString('latin1'));
  const process = new Process({
    machine,
    argv: [shell],
    descriptors: new Map([
      [0, input],
      [1, new Sink((text) => (stdout += text))],
      [2, new Sink((text) => (stderr += text))],
    ]),
    environment: new Map([
      ['PATH', '/usr/bin:/usr/sbin'],
      ['HOME', '/root'],
    ]),
    directory: '/root',
    uid: 0,
    umask: 0o022,
  });
  machine.files.makeDirectories('/root/work');
  process.directory = '/root/work';
  const { program } = programAt(process, `/usr/bin/${shell}`);
  const status = await runProgram(process, program, ['-c', Buffer.from(script).toString('latin1')]);
  machine.files.remove('/root/work');
  return { status, stdout: Buffer.from(stdout, 'latin1').toString(), stderr };
};

const real = (shell: string, script: string, stdin: string): Outcome => {
  const work = mkdtempSync(join(folder, 'w'));
  const { status, stdout } = spawnSync(shell, ['-c', script], {
    cwd: work,
    input: stdin,
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/usr/sbin:/bin', HOME: '/root', LC_ALL: 'C' },
  });
  return { status, stdout };
};

/** Of a packet filter: ours, others', and others' with our words in them. */
const ruleset = String.raw`table ip nat { # handle 1
	chain KUBE-SERVICES { # handle 1
		ip daddr 10.96.0.1 counter jump KUBE-SVC-X # handle 9
	}

	chain PREROUTING { # handle 2
		type nat hook prerouting priority dstnat; policy accept;
		 counter packets 0 bytes 0 jump KUBE-SERVICES comment "of the node" # handle 3
		ip saddr 192.0.2.1 accept comment "jump KUBE-SERVICES" # handle 4
		log prefix "x" jump KUBE-X" # handle 5
		iifname "cni0" goto CNI-a1 # handle 6
		ip saddr vmap { 192.0.2.1 : jump KUBE-FOO, 192.0.2.2 : accept } # handle 7
	}

	set ours {
		elements = { jump KUBE-A # handle 8
	}
}
table ip6 kube-proxy { # handle 2
	chain services { # handle 1
	}
}
`;
const saved = String.raw`*filter
:INPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
:cali-FORWARD - [0:0]
-A INPUT -m comment --comment "x\" -j KUBE-FIREWALL \"y" -j ACCEPT
-A INPUT -m comment --comment "as it was" -j KUBE-FIREWALL
-A KUBE-FIREWALL -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
COMMIT
`;
const own = `has() { [ "$1" = nft ]; }; ${packetFilterFunctions}`;

/** A host that was checked, with the marker of another operation on it, and what is compared right before a command. */
const checkedHost = `mkdir -p etc/kubernetes/pki var/lib/quorate var/lib/etcd/member; echo m1 > etc/machine-id; echo ca > etc/kubernetes/pki/ca.crt; printf '%s' '{"operation":"it'\\''s $x","run":"r"}' > var/lib/quorate/marker.json`;
const compared = (...identity: string[]): string =>
  guardScript('mark', { identity, own: { operation: 'own', run: 'r1' } }).replace('cd / || exit 1', '');
const whose = String.raw`whose | sed 's/ [0-9]*:[0-9.?-]*/ at/'`;
const marked = `/var/lib/quorate/marker.json {"operation":"it's $x","run":"r"}`;
const files = `${identityFunction}; files=$(whose | grep -v -e machine-id -e marker)`;
const withFiles = (script: string): string => script.replace(/^seen='/m, `seen="$files"'\n`);

const scripts: readonly string[] = [
  // of the adapters
  `set -eu; ${checkedHost}; ${identityFunction}; ${whose}; rm -r etc; ${whose}; rm -r var; ${whose}`,
  ...[
    compared('/etc/machine-id m1', marked),
    compared('/etc/machine-id m1'),
    compared('/etc/machine-id m2', marked),
    compared(marked),
    `rm etc/machine-id; ${compared('/etc/machine-id m1', marked)}`,
    `echo '{"operation":"own","run":"r1","at":""}' > var/lib/quorate/marker.json; ${compared('/etc/machine-id m1')}`,
    `echo '{"operation":"own","run":"r12"}' > var/lib/quorate/marker.json; ${compared('/etc/machine-id m1')}`,
  ].map((script) => `set -eu; ${checkedHost}; ${files}; ${withFiles(script)}\necho went on`),
  `mkdir -p 'data/et cd' data/kubelet var/lib/kubelet etc proc; ln -s '../../data/et cd' var/lib/etcd; ln -s nowhere var/lib/cni; ln -s . etc/kubernetes; mkdir etc/pki; ${folderFunctions}; for f in var/lib/etcd var/lib/kubelet var/lib/cni var/lib/none etc/kubernetes/pki; do echo "$f:$(real_path $f)"; done; astray; printf '%s\\n' 'a /data/et\\040cd/x\\134y b' 'a /data/et\\040cd/x/z b' 'a /data/et\\040cd b' 'a /data/et b' 'a /var/lib/kubelet/p b' > proc/mounts; mounts_below var/lib/etcd; mounts_below var/lib/kubelet; mounts_below var/lib/cni`,
  `${own}; nft() { cat <<'X'\n${ruleset}X\n}; filters; out_of nft; out_of nft | grep -Ec '${takesOut}'`,
  `${own}; has() { [ "$1" != nft ]; }; cat > saved <<'X'\n${saved}X\nprintf '#!/bin/sh\\ncat saved\\n' > filter-save; chmod +x filter-save; PATH=$(pwd):$PATH; filters; out_of filter; out_of filter | grep -Ec '${takesOut}'`,
  `mkdir -p root/.kube home/a/.kube srv/b/.kube home/c/.kube/config etc; for f in root home/a srv/b; do echo x > $f/.kube/config; done; printf '%s\\n' root:x:0:0::/root:/bin/sh b:x:1000:1000::/srv/b:/bin/sh a:x:1001:1::/home/a:/bin/sh n:x:65534:1::/n:/bin/false > etc/passwd; ${loginKubeconfigsFunction}; login_kubeconfigs`,
  // words
  `a='x  y'; b="$a" c=$a; echo "$a" $a "[$b]" '$a' "\\$a" \\$a`,
  `set -- 'a b' '' c; echo $#; for x in "$@"; do echo "<$x>"; done; for x in $@; do echo "<$x>"; done; echo "$*"`,
  `set --; echo $# "$@" x; for x in "$@"; do echo never; done; echo \${1-none} \${1:-none} "\${1+some}"`,
  `x=; echo \${x:-a} \${x-b} \${x:+c} \${x+d} \${y:=e} $y \${#y}`,
  `f=/a/b/c.tar.gz; echo \${f##*/} \${f#*/} \${f%/*} \${f%%.*} \${f%.gz}; p='*'; echo "\${f#"$p"}"`,
  `echo $((1 + 2 * 3)) $(( (1+2)*3 )) $((7 / 2)) $((7 % 3)) $((1 < 2 && 0 || 1)); n=4; n=$((n + 1)); echo $n $((n*n))`,
  `IFS=:; set -- $(echo 'a:b::c'); echo $#; IFS=' '; x=' p  q '; set -- $x; echo "$1|$2|$#"`,
  `IFS='\n'; x='a b\nc'; for l in $x; do echo "<$l>"; done`,
  `x="a\nb"; echo "$x"; printf '%s\\n' "$x"; echo 'a\\tb\\\\n'`,
  `mkdir d; touch d/b d/a d/.h 'd/x y'; echo d/*; echo d/?; echo 'd/*' d/z*; set -f; echo d/*`,
  `echo "$(echo a; echo b)" $(printf 'x\\n\\n\\n')end \`echo old\``,
  `x='a*b'; case "a*b" in $x) echo 1;; esac; case aXb in $x) echo 2;; esac; case aXb in "$x") echo 3;; *) echo 4;; esac`,
  `case foo.service in *.socket|*.service) echo unit;; esac; case 10.0 in *[!0-9.]*) echo no;; *) echo yes;; esac`,
  `set -- a b c; shift; echo $1 $#; set -- "$@" d; echo "$*"; eval "echo \\$2"`,
  `a=1; b=2; echo \${a}\${b}x"\${a}"y; unset a; echo "\${a-gone}"`,
  `echo "a"'b'"c" x"$HOME"y ""; echo '' "" | wc -c`,
  // flow
  `if false; then echo a; elif true; then echo b; else echo c; fi; ! false && echo d; ! true || echo e`,
  `i=0; while [ $i -lt 5 ]; do i=$((i+1)); [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done; echo end $i`,
  `until false; do echo once; break; done; for i in 1 2; do for j in a b; do [ $j = b ] && continue 2; echo $i$j; done; done`,
  `f() { echo "f $1 $#"; return 3; echo no; }; f a b; echo $?; g() { f "$@"; }; g 'x y'; echo "$1"`,
  `set -e; false || echo ok; if false; then :; fi; f() { false; echo after; }; f || echo caught; ! true; echo still; false; echo never`,
  `set -eu; x=$(false) || echo 'failed substitution'; (exit 3) || echo $?; echo "$undefined"; echo never`,
  `(cd /; pwd); pwd | sed 's#.*/##' | wc -l; (x=1; exit 4); echo $? "\${x-unset}"`,
  `true && { echo a; false; } || echo b; { echo c; exit 5; }; echo never`,
  `exec 2>/dev/null; nosuchprogram; echo $?`,
  `/bin/sh -c 'echo "$0 $1 $#"; exit 7' name one two; echo $?`,
  `trap 'echo bye $?' EXIT; echo hi; exit 3`,
  `trap 'echo one' EXIT; (trap 'echo inner' EXIT; echo sub); exec /bin/echo replaced`,
  `sh -c 'trap "echo terminated; exit 9" TERM; kill -TERM $$; echo after'; echo $?`,
  `sh -c 'kill -KILL $$'; echo $?`,
  `x=$(exit 4); echo $?; y=a$(false)b; echo $? $y; true; z=1; echo $?`,
  // pipes and jobs
  `printf '1\\n2\\n3\\n' | { read -r x; echo "first $x"; cat; }`,
  `printf 'a b c\\n' | while read -r x y; do echo "$x|$y"; done; printf 'no newline' | { read -r x; echo "$x $?"; }`,
  `printf ' a \\\\b \\n' | { IFS= read -r x; echo "[$x]"; }; printf 'a\\\\\\nb\\n' | { read x; echo "[$x]"; }`,
  `{ sleep 0.2; echo late; } & echo early; wait; echo end`,
  `(exit 3) & wait $!; echo $?; for i in 3 1 2; do { sleep 0.$i; echo $i; } & done; wait`,
  `echo out; { echo err >&2; } 2>&1 | sed 's/^/got /'; { echo a; echo b >&2; } 2>/dev/null`,
  `false | true; echo $?; true | false; echo $?; echo x | (cat; echo y)`,
  `x=$( { echo a; } 2>&1; echo b ); echo "$x"; if said=$(echo no; false); then echo never; else echo "failed: $said"; fi`,
  `timeout 0.2 sleep 5; echo $?; timeout 5 true; echo $?; timeout 0.3 sh -c 'sleep 5 | cat'; echo $?`,
  `yes_like() { i=0; while [ $i -lt 100 ]; do echo $i; i=$((i+1)); done; }; yes_like | head -n 2; echo $?`,
  // redirections
  `echo a > f; echo b >> f; cat f; wc -c < f; cat <<X\nhi $(echo there)\nX\ncat <<'X'\n$no\nX`,
  `cat /dev/fd/3 3<<A\nthree\nA\n{ echo a >&3; } 3>&1; exec 9> lock; flock -w 1 9 && echo locked`,
  `{ echo 1; echo 2; } > f; while IFS= read -r l; do echo "<$l>"; done < f; cat < missing; echo $?`,
  `[ ! -e nofile ] && echo none; : > empty; [ -s empty ] || echo empty; [ -d . ] && echo dir; [ -f f ]; echo $?`,
  `printf 'x' > f; for i in 1 2 3; do echo $i; done >> f; cat f; printf '%s' "$(cat f)" | wc -c`,
  `eval "$(head -c 8)"; cat`,
  // test
  `[ a = a ] && [ a != b ] && [ 1 -lt 2 ] && [ ! -z x ] && [ -n x ] && echo all; [ 1 -gt 2 ] || echo no; test -e /; echo $?`,
  `[ a = b -o c = c ] && echo or; [ a = a -a b = c ] || echo and; [ "" ] || echo empty; [ "-n" ] && echo word; [ \\( a = a \\) ] && echo p`,
  // printf and echo
  `printf '%s %s\\n' a b c; printf '%d|%5d|%-5d|%05d\\n' 1 2 3 4; printf '%x %o %c\\n' 255 8 hello; printf '%%|%b|\\n' 'a\\nb'`,
  `printf 'a\\tb\\n'; printf '%s\\0%s' a b | tr '\\0' '|'; echo; printf '\\0\\0' | wc -c; printf '%s\\n'; printf '[%5s][%-5s][%.2s]\\n' ab ab abc`,
  // programs
  `printf 'b\\na\\nc\\na\\n' | sort; printf 'b\\na\\na\\n' | sort -u; printf '10\\n9\\n' | sort -n; printf 'a\\nb\\n' | sort -r; printf 'a\\na\\nb\\n' | uniq -c | sed 's/^ *//'`,
  `printf 'a:b:c\\nd\\n' | cut -d: -f2; printf 'a:b:c\\nd\\n' | cut -d : -f 1,3; printf 'abcdef\\n' | cut -c 2-4; echo 'a b' | cut -d' ' -f1`,
  `printf 'l1\\nl2\\nl3\\n' > f; head -n 1 f; tail -n 1 f; tail -n +2 f; tail -c +4 f; tail -c 3 f; head -c 2 f; echo; wc -l < f`,
  `echo hello | tr a-y b-z; echo 'a  b' | tr -s ' '; echo abc | tr -d b; printf 'a\\001b' | tr -c 'a-z' '|'; echo x | tr . /; printf 'A B' | tr 'A-Za-z' 'a-zA-Z'`,
  `echo 'foo bar' | sed 's/o/0/'; echo foo | sed 's/o/0/g'; echo 'a.b' | sed 's/\\./-/'; printf 'a\\nb\\n' | sed -n 2p; echo ab | sed 's/\\(a\\)\\(b\\)/\\2\\1/'; echo a/b | sed 's#/#-#'`,
  `printf 'x\\n--B--\\ny\\n--E--\\nz\\n' | sed -n '/^--B--$/,/^--E--$/p'; printf 'k: v\\nq: w\\n' | sed -n 's/^k: *//p'; printf '1\\n2\\n' | sed '1d'; echo a | sed 's/a/[&]/; s/$/!/'`,
  `printf 'foo\\nbar\\nfoobar\\n' | grep foo; printf 'foo\\n' | grep -q bar; echo $?; printf 'a.b\\naxb\\n' | grep -F a.b; printf 'ab\\nb\\n' | grep -x b; printf 'a1b22\\n' | grep -o '[0-9][0-9]*'; printf 'x\\ny\\n' | grep -c .; printf 'A\\n' | grep -i a; printf 'a\\nb\\n' | grep -v a; grep -s x missing; echo $?; printf 'ab\\n' | grep -E '^(a|c)b+$'`,
  `printf 'a b\\nc d\\n' | awk '{ print $2, NR, NF }'; printf 'a:b\\n' | awk -F: '{ print $2 }'; awk 'BEGIN { print length("abc"), substr("hello", 2, 3), index("abc", "c") }'`,
  `printf '1\\n2\\n3\\n' | awk '{ s += $1 } END { print s, s / 2 }'; printf 'a\\nb\\n' | awk 'NR == 1 { next } { print; exit 3 }'; echo $?; printf 'x y\\n' | awk '{ $1 = "z"; print; print NF; n = split("a,b,c", p, ","); print n, p[2] }'`,
  `printf '12e456789012 98e765432109 12e456789012 007 7 9007199254740993 9007199254740992\\n' | awk '{ print ($1 == $2), ($1 == $3), ($4 == $5), ($1 "" == $2), ($1 "" == $3), ($4 "" == $5), ($6 == $7), ($6 "" == $7) }'`,
  `awk 'function f(a, b) { b = a * 2; return b } BEGIN { x["k"] = 1; for (k in x) print k, x[k]; if ("k" in x) print "in"; delete x["k"]; print length(x); print f(4); printf "%s-%03d\\n", "a", 7; print toupper("q") tolower("Q") }'`,
  `printf 'users:(("kubelet",pid=811,fd=12),("x",pid=7,fd=1))\\n' | awk '{ u = $0; while (match(u, /\\("[^"]*",pid=[0-9]+/)) { one = substr(u, RSTART + 2, RLENGTH - 2); u = substr(u, RSTART + RLENGTH); pid = one; sub(/.*,pid=/, "", pid); sub(/",pid=[0-9]+$/, "", one); print one, pid } }'`,
  `printf 'l1\\nl2\\n' > f; awk 'BEGIN { while ((getline line < "f") > 0) n++; close("f"); print n; if ((getline x < "missing") < 0) print "no file"; print ARGC, ARGV[1] }' a; awk -v v=3 'BEGIN { print v + 1, v ~ /3/ ? "y" : "n", !v }'`,
  `printf 'a b\\n\\nc\\n' | awk '/^$/ { print "empty"; next } $1 ~ /a/ && NF > 1 { print "two" } END { print NR }'; printf 'x\\n' | awk '{ gsub(/x/, "[&]"); print } END { print substr($0, 2) }'; echo 'a,b' | awk -F , '{ for (i = 1; i <= NF; i++) c[$i] = i; print c["b"] }'`,
  `printf 'k=v=w\\n' | awk '{ i = index($0, "="); print substr($0, 1, i - 1) "|" substr($0, i + 1) }'; awk 'BEGIN { print 1e3, 0.1 + 0.2, 10 % 3, 2 ^ 3, -3, 1 == 1.0, "a" < "b", "10" + 0 }'; awk 'BEGIN { exit !0 }'; echo $?`,
  `export ours=me; printf 'n1\\tx\\tme\\nn2\\ty\\tyou\\n' | awk -F '\\t' '$3 == ENVIRON["ours"] { print $1 }'; printf 'table ip x {\\n\\tchain y {\\n\\t}\\n}\\n' | awk '/^table / { t = ($3 == "x") } /^\\t+(chain|set) / { if (t) print "in " $2 }'`,
  `printf 'a\\tb\\\\"c/]\\n' | awk '{ x = $0; gsub(/[^\\t"]/, "", x); print length(x); gsub(/[\\\\\\/]/, "_"); print; print /[]]/, /[^]]$/, match("x/y", /[\\/]/) }'`,
  `mkdir -p a/b/c d; touch a/f a/b/g a/b/c/h; ln -s ../d a/l; find a -depth | sort -r | head -n 3; find a -depth -type d; find a ! -type d ! -path a/b/g ! -path 'a/b/c/*' | sort; find a -name b -prune -o -type f -print; find a '(' -name g -o -name h ')' -print | sort; find a -xdev -mindepth 1 -maxdepth 1 -type d; find a -nosuch 2>/dev/null; echo $?`,
  `mkdir -p 'a/[x] y/z' a/e a/k; touch 'a/[x] y/z/f' 'a/[x] y/g' a/k/n; ln -s k a/l; set -- a/ -xdev -mindepth 1 ! -path 'a/\\[x\\] y/z/f' ! -path 'a/\\[x\\] y/z' ! -path 'a/\\[x\\] y'; find "$@" | wc -l; find "$@" ! -type d -exec rm -f -- {} +; find "$@" -depth -type d -exec rmdir -- {} +; find a | sort`,
  `mkdir -p d/e; touch d/f d/e/g; find d/ -type f -exec sh -c 'echo "$#:$1"' x {} ';' | sort; find d/ ! -type d -exec stat -c '%s %n' {} + | sort; find d -delete; ls`,
  `mkdir -p a/b; touch a/f a/b/g; find a -type f | sort; find a ! -type d | wc -l; find a -mindepth 1 -maxdepth 1 | sort; find a -name g; find a -mindepth 1 -exec rm -rf -- {} +; ls a; find missing; echo $?`,
  `mkdir x; cd x; pwd | sed 's#.*/##'; cd ..; t=$(mktemp -d t.XXXX); [ -d $t ] && rmdir $t; printf a > m; mv m n; cp n o; cat n o; ln -s n l; readlink l; [ -L l ] && echo link; rm -f nothing; echo $?; rmdir x; ls`,
  `install -d -m 0700 p/q; stat -c %a p/q; umask 077; : > s; stat -c '%a %s' s; chmod 644 s; stat -c %a s; stat -c %s missing; echo $?; stat -L -c %s s`,
  `printf hi | sha256sum | cut -d ' ' -f 1; printf hi | base64; printf aGk= | base64 -d; echo; printf 'YQ==\\nYmM=\\nZGVm\\n' | base64 -d; echo; printf 'x%.0s' 1 2 3; basename /a/b.c .c; dirname /a/b`,
  `date -u -d @0 +%Y%m%dT%H%M%SZ; [ "$(date +%s)" -gt 1700000000 ] && echo now; seq 3; sleep 0.01; uname -s; id -u; command -v awk >/dev/null && echo has; command -v nope || echo "no $?"`,
  `printf 'a\nb\nc\nd\n' | sed -n '/^a$/{n;n;p;}'; printf 'a\nb\nc\n' | sed 'n;d'; printf 'etcd-000012-20260101T000000Z-x.db\netcd-1-x\n' | sed -n 's/^etcd-\\([0-9]\\{6,9\\}\\)-[0-9]\\{8\\}T.*/\\1/p'`,
  `printf 'abc\n0123456789abcdefghi' | od -An -v -tx1; printf '10 a\n9 b\n11 c\n' | sort -rn; printf 'x' | head -c 0 | wc -c; printf 'a"b"\n' | tr '"' '\n'`,
  `timeout 0 sh -c 'sleep 0.1; exit 4'; echo $?; timeout 0 sleep 5 & kill $!; wait $!; echo $?; f() { exec timeout 0 sleep 5; }; f & kill $!; wait $!; echo $?`,
  `trap 'echo bye' EXIT; trap 'exit 7' TERM; sleep 5 >/dev/null & one=$!; { sleep 0.1; kill -TERM $$; } & wait $one; echo never`,
  `exec 9>>lock; flock -n 9 && echo got; (exec 8>>lock; flock -n 8; echo $?)`,
  `env A=b sh -c 'echo $A'; A=c sh -c 'echo $A'; echo "\${A-unset}"; export B=1; sh -c 'echo $B'; env -i /bin/sh -c 'echo "\${B-none}"'`,
  `echo 'ünï' | wc -c; x='ü'; echo "\${#x}"; printf 'é' | cut -c 1 | wc -c`,
];

describe('the simulated shell does what the real one does', () => {
  it.each(scripts)('%s', async (script) => {
    const stdin = 'echo hi;rest\n';
    const expected = real('sh', script, stdin);
    const { stderr, ...found } = await simulated('sh', script, stdin);
    expect(found, stderr).toEqual(expected);
    expect(world.defects).toEqual([]);
  });

  it('knows what bash adds', async () => {
    const script = `[[ abc == a* ]] && echo glob; [[ abc =~ ^a ]] && echo match; x=abc; echo \${x/b/-} \${x:1:1} \${x^^}; echo -e 'a\\tb'; echo 'a\\tb'; for ((i=0; i<2; i++)); do echo $i; done; cat <<< here; echo {1} >&2 2>/dev/null`;
    const { stderr, ...found } = await simulated('bash', script, '');
    expect(found, stderr).toEqual(real('bash', script, ''));
  });
});
