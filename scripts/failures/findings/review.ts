import type { Finding } from '../findings.js';

/** What a review of the first version found, by the numbers of its report. */
export const reviewFindings: readonly Finding[] = [
  {
    number: 1,
    fault:
      'a finished operation that was reset in Temporal took its own old marker for an attempt of now: it reset a living host, and reported the result of the old unit',
    now: 'the marker says how its operation ended, and a finished one is nobody’s attempt; the result of a unit counts only for the run that began it; `init` reads its own host as a cluster first',
  },
  {
    number: 2,
    fault:
      '`init` of a host that was installed anew made a second cluster beside the living one, whose peers it could not ask',
    now: 'an API server that answers at the endpoint or at a declared address ends an `init`; peers that could not be asked block it until somebody approves that by their names',
  },
  {
    number: 3,
    fault:
      'a reset that had been blocked went on with what it had read before, and wiped a host that had meanwhile joined another cluster',
    now: 'identity and state are read in the same breath as the reset and compared with what was checked or approved; a difference goes back to the reading',
  },
  {
    number: 4,
    fault:
      'a voter that somebody had joined by hand during a block was reset all the same, and a Node was deleted that was not the one that had been checked',
    now: 'member, machine and uid of the Node are compared right before each is reset, removed or deleted; a difference goes back to the reading',
  },
  {
    number: 5,
    fault:
      'the rollback of a host that had been installed anew ended as `rolled-back` with its dead voter and its Node still in the cluster',
    now: 'member and Node are undone by what a survivor sees; only the reset depends on the host',
  },
  {
    number: 6,
    fault: 'the probe of an earlier block answered a later one that only a person may decide',
    now: 'an answer counts only for the question that it was asked for',
  },
  {
    number: 7,
    fault: '`init` deleted tokens and shared certificates that it had not made, when it revoked its own',
    now: 'only what the operation made is revoked, known by its id',
  },
  {
    number: 8,
    fault: 'an approved plan was asked for again for ever, as its text held what changes by itself',
    now: 'the subject of an approval is what would be destroyed, not the lines that tell of it',
  },
  {
    number: 9,
    fault:
      'a `budgets.ready` of an hour or more never blocked: the activity timed out first and was tried again without end',
    now: 'any budget that the specification allows is kept, and the operation blocks when it is used up',
  },
  {
    number: 10,
    fault: 'IPv6 addresses were compared as text: another spelling was another machine',
    now: 'addresses are compared in their canonical form',
  },
  {
    number: 11,
    fault:
      'after the clock of a host was put back, retention deleted the snapshot just made and reported it as verified',
    now: 'snapshots are ordered by a number that only grows, never by the clock; the newest is never deleted, and what is reported is read from the file where it lies, after retention',
  },
  {
    number: 12,
    fault: 'the retry of an undo took the unit of its first try, which had ended, for the new one',
    now: 'each retry begins a unit of its own',
  },
  {
    number: 13,
    fault: 'the undo of a join deleted an operator’s own kubeconfig and CNI files that had lain there before',
    now: 'an undo leaves what the reading before the join had shown',
  },
  {
    number: 14,
    fault:
      'the snapshot was written beside the database of etcd without a look at free space, and could fill the disk under it',
    now: 'a snapshot is begun only where there is room for the database and a margin, on another file system than that of etcd where there is one, and nothing of a failed one is left',
  },
  {
    number: 15,
    fault: 'retention of snapshots deleted files that people had put beside them',
    now: 'it deletes only what its own record names, as the record describes it, and of this cluster',
  },
  {
    number: 16,
    fault:
      'a host with a bridge of LXC could never be reset: the reader took it for Cilium’s, the cleaner left it alone',
    now: 'reader and cleaner share one definition of what is whose',
  },
  {
    number: 17,
    fault:
      '`/var/lib/etcd` or `/var/lib/kubelet` as a symbolic link was not cleaned, without a word, and the undo repeated for ever',
    now: 'what the link points to is cleaned and the link stays',
  },
  {
    number: 18,
    fault: '`init` revoked tokens of people whose description was like its own',
    now: 'only what the operation made is revoked, known by its id',
  },
  {
    number: 19,
    fault: 'any unit named `quorate-*.service` was stopped as a command of an earlier operation, the worker’s own too',
    now: 'only a unit of the full pattern that a marker names is an operation’s',
  },
  {
    number: 20,
    fault: 'after each reload HAProxy sent traffic to servers that were down until their first check',
    now: 'what was not UP before a reload gets no traffic after it until a check has passed',
  },
  {
    number: 21,
    fault:
      'with few sessions to a connection (`MaxSessions` of sshd), commands that were given up kept the host from being used',
    now: 'a connection whose channels are taken by abandoned commands is replaced by a new one',
  },
  {
    number: 22,
    fault: 'a closed pipe ended the process: `quorate dev | head -n 1`, a worker under a dying log pipe',
    now: 'servers go on without it, and commands keep their exit codes',
  },
  {
    number: 23,
    fault:
      'keys of an agent were offered in its own order, so that sshd gave up before the one that `IdentityFile` names',
    now: 'they are offered in the order of OpenSSH: those that the configuration names first',
  },
  {
    number: 24,
    fault: '`status` left out when the certificate authorities expire',
    now: 'it tells them like the other certificates',
  },
  {
    number: 25,
    fault:
      'smaller ones: ^C outside watching, waits that a clock step ended, a terminal of 0 × 0, a limit on the time of a snapshot, a packet-filter rule judged by its comment, connections of an old HAProxy process, corners of ssh_config',
    now: '^C ends every command; waits count the time since boot; no escapes where nothing can be shown; a snapshot is given up when it stands still, not when it is long; rules are judged by what they do; `disable` closes those connections, too; ssh_config is read as `ssh -G` reads it',
  },
];
