import { afterEach, beforeEach, expect, it } from 'vitest';
import { packetFilterFunctions } from '../../../../adapters/host/traces/packet-filter.js';
import { shellHost } from '../../../support/shell-host.js';
import type { ShellHost } from '../../../support/shell-host.js';

let host: ShellHost;
beforeEach(() => {
  host = shellHost();
});
afterEach(() => host.close());

const outOf = async (filter: 'nft' | 'iptables', printed: string): Promise<string[]> => {
  host.program(filter === 'nft' ? 'nft' : 'iptables-save', `cat <<'X'\n${printed}X`);
  const script = `has() { command -v "$1" >/dev/null 2>&1; }\n${packetFilterFunctions}\nout_of ${filter}`;
  return (await host.run(script)).stdout.split('\n').filter((line) => line !== '');
};

// As nft 1.0.6 prints it, rules of iptables-nft 1.8.9 among them.
const ruleset = String.raw`# Warning: table ip nat is managed by iptables-nft, do not touch!
table ip nat { # handle 1
	chain KUBE-SERVICES { # handle 1
		ip daddr 10.96.0.1 counter packets 0 bytes 0 jump KUBE-SVC-X # handle 9
	}

	chain PREROUTING { # handle 2
		type nat hook prerouting priority dstnat; policy accept;
		 counter packets 0 bytes 0 jump KUBE-SERVICES # handle 3
		iifname "cni0" jump cali-PREROUTING comment "of the node" # handle 4
	}
}
table inet mine { # handle 3
	set addresses { # handle 5
		type ipv4_addr
		comment "jump KUBE-SERVICES # handle 5"
	}

	chain in { # handle 1
		type filter hook input priority filter; policy accept;
		ip saddr 192.0.2.1 accept comment "jump KUBE-SERVICES" # handle 3
		ip saddr 192.0.2.2 accept comment "of old, # handle 99, jump KUBE-SERVICES" # handle 4
		ip saddr 192.0.2.3 counter packets 0 bytes 0 log prefix "x" jump KUBE-SERVICES" # handle 5
		ip saddr 192.0.2.4 log prefix "goto CNI-x" # handle 6
		ip saddr 192.0.2.5 jump MYKUBE-CHAIN comment "not jump KUBE-SERVICES" # handle 7
		iifname "jump KUBE-A" accept # handle 8
		ip saddr vmap { 192.0.2.1 : jump KUBE-FOO, 192.0.2.2 : accept } # handle 10
	}

	chain MYKUBE-CHAIN { # handle 2
	}
}
table ip6 kube-proxy { # handle 4
	chain services { # handle 1
		counter jump KUBE-X # handle 2
	}
}
`;

it('R25: of nftables only chains, tables and rules of a node are taken out, whatever words are in quotes', async () => {
  expect(await outOf('nft', ruleset)).toEqual([
    'delete rule ip nat PREROUTING handle 3',
    'delete rule ip nat PREROUTING handle 4',
    'delete table ip6 kube-proxy',
    'flush chain ip nat KUBE-SERVICES',
    'delete chain ip nat KUBE-SERVICES',
  ]);
});

const saved = String.raw`*filter
:INPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
:MYKUBE-CHAIN - [0:0]
-A INPUT -s 192.0.2.1/32 -m comment --comment "was -j KUBE-FIREWALL once" -j ACCEPT
-A INPUT -s 192.0.2.2/32 -m comment --comment "x\" -j KUBE-FIREWALL \"y" -j ACCEPT
-A INPUT -s 192.0.2.3/32 -j LOG --log-prefix "go -g KUBE-FIREWALL on"
-A INPUT -m comment --comment "the \"firewall\"" -j KUBE-FIREWALL
-A INPUT -j MYKUBE-CHAIN
-A KUBE-FIREWALL -j DROP
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
COMMIT
`;

it('R25: the same of iptables', async () => {
  expect(await outOf('iptables', saved)).toEqual([
    '*filter',
    '-D INPUT -m comment --comment "the \\"firewall\\"" -j KUBE-FIREWALL',
    '-F KUBE-FIREWALL',
    '-X KUBE-FIREWALL',
    'COMMIT',
  ]);
});
