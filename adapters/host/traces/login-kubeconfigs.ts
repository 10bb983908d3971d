/**
 * Shell function that prints the paths of the kubeconfigs of logins, without the leading slash, one a line: of root, of
 * every login of /etc/passwd that is a person's (uid 1000 to 64999) and below /home. A login's file could be anything,
 * such as endless: only regular files of at most 1 MiB.
 */
export const loginKubeconfigsFunction = `
login_kubeconfigs() {
  {
    printf '%s\\n' root/.kube/config
    awk -F: '$3 ~ /^[0-9]+$/ && $3 >= 1000 && $3 < 65000 { path = $6 "/.kube/config"; sub("^/+", "", path); print path }' etc/passwd 2>/dev/null
    for file in home/*/.kube/config; do printf '%s\\n' "$file"; done
  } | awk '!seen[$0]++' | while IFS= read -r file; do
    if [ -f "$file" ] && [ "$(stat -L -c %s "$file" 2>/dev/null || echo 1048577)" -le 1048576 ]; then printf '%s\\n' "$file"; fi
  done
}`;
