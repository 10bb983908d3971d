const colour = /\x1b\[[0-9;]*m/g;

// The runtime's gRPC channel, once a second while it does not answer; etcd's client, for each retry of a call that may
// well succeed later, with the words of a failure; and the list of kernel settings that a system verification prints.
const chatter =
  /^[IWE]\d{4} \S+ +\d+ \S+\] (?:\[core\]|"\[core\])|^\{"level":"|^[A-Z0-9_]+: (?:enabled|not set|Linux|\d)/;

/** The lines of kubeadm's output that tell something: without colours, blank lines and chatter. */
export const tellingLines = (output: string): string[] =>
  output
    .split('\n')
    .map((line) => line.replaceAll(colour, '').trimEnd())
    .filter((line) => line.trim() !== '' && !chatter.test(line));
