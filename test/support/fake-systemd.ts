import type { ShellHost } from './shell-host.js';

/**
 * `systemd-run` and `systemctl` as far as transient units need them, with the behaviour seen on systemd 252:
 * a loaded unit refuses a second start, SIGTERM counts as a clean end, `stop` unloads, a failed unit stays until `reset-failed`.
 */
export const installFakeSystemd = (host: ShellHost): void => {
  host.program(
    'systemd-run',
    `
log=/dev/null description=
while [ $# -gt 0 ]; do
  case "$1" in
    --unit=*) unit=\${1#--unit=} ;;
    --description=*) description=\${1#--description=} ;;
    --property=StandardOutput=append:*) log=\${1#--property=StandardOutput=append:} ;;
    --setenv=*) export "\${1#--setenv=}" ;;
    --) shift; break ;;
  esac
  shift
done
dir="$FOLDER/units/$unit"
command -v "$1" >/dev/null || { echo "Failed to find executable $1: No such file or directory" >&2; exit 1; }
mkdir -p "$FOLDER/units"
mkdir "$dir" 2>/dev/null || { echo "Failed to start transient service unit: Unit $unit was already loaded or has a fragment file." >&2; exit 1; }
printf '%s\\n' "\${description:-$*}" > "$dir/description"
od -An -N16 -tx1 /dev/urandom | tr -d ' \\n' > "$dir/invocation"
setsid sh -c '
  dir=$1; shift; log=$1; shift
  "$@" >>"$log" 2>&1 </dev/null &
  echo $! > "$dir/pid.tmp"; mv "$dir/pid.tmp" "$dir/pid"
  wait $!
  echo $? > "$dir/code.tmp"; mv "$dir/code.tmp" "$dir/code"
' sh "$dir" "$log" "$@" >/dev/null 2>&1 </dev/null 9>&- &
`,
  );
  host.program(
    'systemctl',
    `
verb=$1; unit=$2; dir="$FOLDER/units/$unit"
case $verb in
list-units)
  for dir in "$FOLDER"/units/*; do
    [ -d "$dir" ] || continue
    state='activating start'
    [ ! -f "$dir/pid" ] || state='active running'
    [ ! -f "$dir/code" ] || case $(cat "$dir/code") in 0 | 143) state='active exited' ;; *) state='failed failed' ;; esac
    echo "\${dir##*/} loaded $state $(cat "$dir/description")"
  done ;;
show)
  if [ "$2 $3" = '-p FragmentPath' ]; then
    [ -d "$FOLDER/units/$4" ] && echo "FragmentPath=/run/systemd/transient/$4" || echo FragmentPath=
    exit
  fi
  if [ "$3 $4 $5" = '-p LoadState --value' ]; then
    [ -d "$dir" ] && echo loaded || echo not-found
    exit
  fi
  load=loaded active=activating sub=start result=success code=0 status=0 pid=0 invocation=
  if [ ! -d "$dir" ]; then load=not-found active=inactive sub=dead
  else
    invocation=$(cat "$dir/invocation")
    [ -f "$dir/pid" ] && { pid=$(cat "$dir/pid"); active=active sub=running; }
    if [ -f "$dir/code" ]; then
      pid=0; n=$(cat "$dir/code")
      case $n in
        0) active=active sub=exited code=1 ;;
        143) active=active sub=exited code=2 status=15 ;;
        137) active=failed sub=failed result=signal code=2 status=9 ;;
        *) active=failed sub=failed result=exit-code code=1 status=$n ;;
      esac
    fi
  fi
  printf 'Result=%s\\nMainPID=%s\\nExecMainCode=%s\\nExecMainStatus=%s\\nLoadState=%s\\nActiveState=%s\\nSubState=%s\\nInvocationID=%s\\n' \\
    $result $pid $code $status $load $active $sub "$invocation" ;;
stop)
  [ -d "$dir" ] || { echo "Failed to stop $unit: Unit $unit not loaded." >&2; exit 5; }
  if [ -f "$dir/stubborn" ]; then exit 1; fi
  if [ ! -f "$dir/code" ]; then
    kill "$(cat "$dir/pid")"
    # What waits for it notes its end meanwhile.
    until rm -rf "$dir" 2>/dev/null && [ ! -d "$dir" ]; do sleep 0.05; done
  elif [ "$(cat "$dir/code")" = 0 ]; then rm -rf "$dir"; fi ;;
reset-failed) rm -rf "$dir" ;;
esac
`,
  );
};
