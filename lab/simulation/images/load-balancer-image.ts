import { program } from '../files/inode.js';
import type { Directory } from '../files/inode.js';
import { loadBalancerPrograms } from '../programs/registry.js';
import { debian } from './base-image.js';

const haproxyUnit = `[Unit]
Description=HAProxy Load Balancer

[Service]
EnvironmentFile=-/etc/default/haproxy
Environment="CONFIG=/etc/haproxy/haproxy.cfg" "PIDFILE=/run/haproxy.pid" "EXTRAOPTS=-S /run/haproxy-master.sock"
ExecStart=/usr/sbin/haproxy -Ws -f $CONFIG -p $PIDFILE $EXTRAOPTS
ExecReload=/usr/sbin/haproxy -Ws -f $CONFIG -c -q $EXTRAOPTS
ExecReload=/bin/kill -USR2 $MAINPID
KillMode=mixed
Restart=always
Type=notify

[Install]
WantedBy=multi-user.target
`;

/** What Debian's package brings, which is nobody's: no frontend and no backend. */
const packageConfiguration = `global
	log /dev/log	local0
	chroot /var/lib/haproxy
	stats socket /run/haproxy/admin.sock mode 660 level admin
	stats timeout 30s
	user haproxy
	group haproxy
	daemon

defaults
	log	global
	mode	http
	timeout connect 5000
	timeout client  50000
	timeout server  50000
`;

/** A load balancer: HAProxy is there, neither enabled nor started. */
export const loadBalancerImage = (): Directory => {
  const tree = debian();
  for (const name of Object.keys(loadBalancerPrograms))
    tree.put(`/usr/${name === 'haproxy' ? 'sbin' : 'bin'}/${name}`, program(name, 3_000_000));
  tree.folder('/var/lib/haproxy');
  tree
    .file('/usr/lib/systemd/system/haproxy.service', haproxyUnit)
    .file('/etc/haproxy/haproxy.cfg', packageConfiguration);
  return tree.freeze();
};
