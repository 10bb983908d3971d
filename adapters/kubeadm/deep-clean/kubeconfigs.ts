/**
 * awk: of a kubeconfig, for each cluster in it, its server as `server URL`, and its CA as `ca-data BASE64` or `ca-file
 * PATH`. Nothing of its users.
 */
const clustersProgram = `
{ sub(/\\r$/, "") }
/^[A-Za-z]/ { inside = ($0 ~ /^clusters:/) }
!inside || length($0) > 20000 { next }
/^[ -]*(server|certificate-authority|certificate-authority-data):/ {
  key = $0; sub(/^[ -]*/, "", key); sub(/:.*/, "", key)
  value = $0; sub(/^[ -]*[a-z-]+:[ ]*/, "", value); sub(/[ ]#.*$/, "", value); gsub(/["\\047 ]/, "", value)
  print (key == "server" ? "server" : key == "certificate-authority" ? "ca-file" : "ca-data") " " value
}`;

/**
 * Shell function `kubeconfigs`: deletes kubeconfigs of logins in which every cluster is at the API servers of the node, or
 * every one trusts its CAs. It needs `removed`, `failed`, `has`, `is_kept`, `one`, `login_kubeconfigs`, and the variables
 * `servers` and `hashes`, one a line.
 */
export const kubeconfigFunctions = `
all_in() { # LIST: whether there is something on standard input and all of it is in the list
  any=
  while IFS= read -r value; do
    any=yes
    printf '%s\\n' "$1" | grep -Fxq -e "$value" || return 1
  done
  [ -n "$any" ]
}
ca_hashes() { # one a line, empty for a CA that cannot be read
  sed -n 's/^ca-data //p' | while IFS= read -r data; do
    printf '%s\\n' "$(printf '%s' "$data" | base64 -d 2>/dev/null | openssl x509 -pubkey -noout 2>/dev/null |
      openssl pkey -pubin -outform der 2>/dev/null | sha256sum | cut -d' ' -f1)"
  done
}
of_the_node() { # FILE
  clusters=$(awk '${clustersProgram}' "$1" 2>/dev/null)
  printf '%s\\n' "$clusters" | sed -n 's/^server //p' | all_in "$servers" && return 0
  [ -n "$hashes" ] && [ "$(printf '%s\\n' "$clusters" | grep -c '^server ')" -eq "$(printf '%s\\n' "$clusters" | grep -c '^ca-data ')" ] || return 1
  printf '%s\\n' "$clusters" | grep -q '^ca-data ' || return 1
  has openssl || { failed "/$1: without openssl nobody can tell whose it is"; return 1; }
  printf '%s\\n' "$clusters" | ca_hashes | all_in "$hashes"
}
kubeconfigs() {
  login_kubeconfigs | while IFS= read -r file; do
    is_kept "$file" || { of_the_node "$file" && one "$file"; }
  done
}`;
