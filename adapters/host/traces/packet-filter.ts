import { chainPattern, tablePattern } from '../../../model/reset/traces.js';

/*
 * The programs that take the traces of kube-proxy, the kubelet and CNI plugins out of a packet filter. A reading counts
 * what they would take out, so that a host which counts as clean has nothing for them, and the other way round.
 *
 * Words in quotes are anybody's: comments, what a log writes, names of interfaces. A rule is ours by where it leads to.
 */

/**
 * awk: from `nft -a list ruleset` the commands of `nft -f`. A comment is the last of a rule; what a log writes may have
 * quotes within, so that a rule with a log is nobody's but its author's.
 */
const nftProgram = `
/^table / { family = $2; table = $3; whole = (table ~ /${tablePattern}/); if (whole) print "delete table " family " " table; next }
whole { next }
/^\\tchain / { chain = $2; inside = 1; own = (chain ~ /${chainPattern}/); if (own) chains[++n] = family " " table " " chain; next }
/^\\t[^\\t]/ { inside = 0; next }
/^\\t\\t[^\\t]/ && inside && !own && match($0, / # handle [0-9]+$/) {
  handle = substr($0, RSTART + 10)
  rule = substr($0, 1, RSTART - 1)
  sub(/ comment ".*$/, "", rule)
  if (rule ~ /[ \\t]log /) next
  gsub(/"[^"]*"/, "", rule)
  if (match(rule, /[ \\t](jump|goto) [^ ]+$/) && substr(rule, RSTART + 6) ~ /${chainPattern}/) print "delete rule " family " " table " " chain " handle " handle
}
END {
  for (i = 1; i <= n; i++) print "flush chain " chains[i]
  for (i = 1; i <= n; i++) print "delete chain " chains[i]
}`;

/** awk: from iptables-save what iptables-restore --noflush takes; nothing for a table without any of it. */
const iptablesProgram = `
/^\\*/ { table = $0; rules = ""; count = 0; split("", chains); next }
/^:/ { chain = substr($1, 2); if (chain ~ /${chainPattern}/) chains[++count] = chain; next }
/^-A / {
  if ($2 ~ /${chainPattern}/) next
  text = $0
  gsub(/"([^"\\\\]|\\\\.)*"/, "_", text)
  fields = split(text, word, " ")
  for (i = 3; i < fields; i++) if ((word[i] == "-j" || word[i] == "-g") && word[i + 1] ~ /${chainPattern}/) { rule = $0; sub(/^-A/, "-D", rule); rules = rules rule "\\n"; break }
  next
}
/^COMMIT/ && (count > 0 || rules != "") {
  printf "%s\\n%s", table, rules
  for (i = 1; i <= count; i++) print "-F " chains[i]
  for (i = 1; i <= count; i++) print "-X " chains[i]
  print "COMMIT"
}`;

const inQuotes = (program: string): string => `'${program.replaceAll("'", "'\\''")}'`;

/**
 * Shell functions: `filters` prints the names of the host's packet filters, one a line; `out_of FILTER` what takes our
 * traces out of it, as `nft -f -` or `FILTER-restore --noflush` reads it. They need `has`.
 */
export const packetFilterFunctions = `
filters() {
  if has nft; then printf '%s\\n' nft iptables-legacy ip6tables-legacy; else printf '%s\\n' iptables ip6tables; fi
}
out_of() { # FILTER
  if [ "$1" = nft ]; then nft -a list ruleset 2>/dev/null | awk ${inQuotes(nftProgram)}
  elif has "$1-save"; then "$1-save" 2>/dev/null | awk ${inQuotes(iptablesProgram)}; fi
}`;

/** grep: the commands of `out_of` that take something out: a table, a chain or a rule each. */
export const takesOut = '^(delete|-D|-X) ';
