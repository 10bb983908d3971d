import { exitCodes } from './exit-codes.js';

/** How often a snapshot in the making shows a sign of life, and for how long it may stand still, seconds. */
export interface Pace {
  readonly beatSeconds: number;
  readonly stillSeconds: number;
}

/** A database of any size has time enough as long as more of it comes. */
export const ordinaryPace: Pace = { beatSeconds: 2, stillSeconds: 60 };

/** MiB that a disk keeps while somebody else fills it as well: two segments of etcd's log. */
const leastFreeMiB = 128;

/**
 * Shell functions that look after the work of a snapshot, whose parts are `$parts` of `$folder` and `$shared`:
 * - `sweep` removes the parts, and `clear_up` ends what writes `$inner` in the container before;
 * - `free FOLDER` prints its KiB that are free;
 * - `watched COMMAND...` runs a command in the background until it ends, stands still, or the disk is nearly full;
 * - `watch_over` and `relieve` begin and end the signs of life around work in the foreground.
 * A sign of life is a line on standard output: when nobody reads it, the connection is gone, and the work ends.
 * The traps of a shell that is killed by SIGKILL do not run: its watchman ends the work and sweeps.
 */
export const supervisionScript = ({ beatSeconds, stillSeconds }: Pace): string => `
sweep() { rm -f -- "$folder"/$parts "$shared"/$parts; }
clear_up() {
  # a client of the container that was killed leaves its command running there
  if [ -n "$inner" ]; then
    for one in $(grep -lF -- "$inner" /proc/[0-9]*/cmdline 2>/dev/null); do
      one=\${one#/proc/}
      kill "\${one%/cmdline}" 2>/dev/null
    done
  fi
  sweep
}
written() {
  total=0
  for one in "$folder"/$parts "$shared"/$parts; do
    length=$(stat -c %s -- "$one" 2>/dev/null) && total=$((total + length))
  done
  printf '%s\\n' "$total"
}
free() { df -Pk -- "$1" | awk 'NR == 2 { print ($4 < 0 ? 0 : $4) }'; }
nearly_full() {
  for one in "$folder" $also; do
    [ "$(free "$one")" -ge ${leastFreeMiB * 1024} ] || { printf '%s\\n' "$one"; return; }
  done
}
job= watchman= inner=
finish() {
  trap '' HUP INT TERM PIPE
  [ -z "$watchman" ] || kill -KILL "$watchman" 2>/dev/null
  if [ -n "$job" ]; then
    # the first is lost by a shell that has just been forked
    kill "$job" 2>/dev/null
    sleep 0.1
    kill "$job" 2>/dev/null
    wait "$job"
  fi
  [ -z "$locked" ] || clear_up
}
locked= launching= told=
trap finish EXIT
# between the beginning of a process and the note of its number nothing may end
ended_by() { if [ -n "$launching" ]; then told=$1; else exit "$1"; fi; }
launched() {
  launching=
  [ -z "$told" ] || exit "$told"
}
trap 'ended_by 129' HUP
trap 'ended_by 130' INT
trap 'ended_by 141' PIPE
trap 'ended_by 143' TERM
give_up() { # JOB STATUS: whoever waits for the job reads why it ended
  printf '%s\\n' "$$ $beats $2" > "$folder/lock"
  kill "$1"
  exit 0
}
stand_guard() { # [JOB]
  trap - HUP INT TERM
  trap '' PIPE
  last= still=0 beats=0
  # sleep must hold neither the lock nor the output that somebody waits for the end of
  while sleep ${beatSeconds} >/dev/null 2>&1 9>&-; do
    if ! kill -0 $$ 2>/dev/null; then
      [ -z "$1" ] || kill "$1" 2>/dev/null
      clear_up
      exit 0
    fi
    now=$(written) beats=$((beats + 1))
    printf '%s\\n' "$$ $beats" > "$folder/lock"
    printf 'written %s\\n' "$now" || { kill -TERM $$; exit 0; }
    [ -n "$1" ] || continue
    if [ "$now" = "$last" ]; then still=$((still + 1)); else still=0; fi
    last=$now
    [ "$still" -lt ${Math.max(1, Math.round(stillSeconds / beatSeconds))} ] || give_up "$1" ${exitCodes.stoodStill}
    [ -z "$(nearly_full)" ] || give_up "$1" ${exitCodes.noSpace}
  done
}
watch_over() {
  launching=yes
  stand_guard "$1" &
  watchman=$!
  launched
}
relieve() {
  # a shell that has just been forked may lose any other signal
  kill -KILL "$watchman" 2>/dev/null
  wait "$watchman" 2>/dev/null
  watchman=
}
watched() {
  launching=yes
  "$@" &
  job=$!
  launched
  watch_over "$job"
  wait "$job"
  code=$?
  job=
  relieve
  read -r _ _ verdict < "$folder/lock"
  case $verdict in
    ${exitCodes.stoodStill})
      printf '%s\\n' "the snapshot stood still for ${stillSeconds} s after $(written) bytes" >&2
      exit $verdict ;;
    ${exitCodes.noSpace})
      full=$(nearly_full)
      no_room "\${full:-$folder}" ;;
  esac
  return $code
}
`;
