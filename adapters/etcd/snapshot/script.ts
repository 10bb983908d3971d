import { quote } from '../../ssh/quote.js';
import { exitCodes } from './exit-codes.js';
import { retentionScript } from './retention-script.js';
import { sourceScript } from './source-script.js';
import { ordinaryPace, supervisionScript } from './supervision-script.js';
import type { Pace } from './supervision-script.js';

export const snapshotFolder = '/var/lib/quorate/snapshots';

interface SnapshotScript {
  readonly mark: string;
  readonly keep: number;
  /** End of the file's name: letters, digits, dots and dashes. */
  readonly label: string;
  readonly pace: Pace;
}

/** Names and functions that both scripts have. */
const common = (mark: string, pace: Pace): string => `
umask 077
folder=${quote(snapshotFolder)} shared=/var/lib/etcd parts='quorate-snapshot-[0-9]*.part*'
install -d -m 0700 "$folder" || exit 1
section() { printf '\\n%s %s\\n' ${mark} "$1"; }
${supervisionScript(pace)}`;

/** Ends with 0 where there is room for a snapshot. */
export const roomScript = (mark: string): string => `${common(mark, ordinaryPace)}${sourceScript}`;

// One at a time on a host. A sign of life of the one that has the lock is a change of what is in its file.
const lockScript = ({ beatSeconds, stillSeconds }: Pace): string => `
exec 9>>"$folder/lock" || exit 1
seen= silent=0
until flock -n 9; do
  now=$(cat -- "$folder/lock")
  if [ "$now" = "$seen" ]; then silent=$((silent + 1)); else silent=0; fi
  seen=$now
  [ "$silent" -lt ${Math.max(2, Math.round(stillSeconds / beatSeconds))} ] || {
    section holder
    printf '%s\\n' "\${now%% *}"
    exit ${exitCodes.locked}
  }
  printf 'waiting\\n' || exit 1
  sleep ${beatSeconds} >/dev/null 2>&1
done
locked=yes
printf '%s\\n' "$$ 0" > "$folder/lock"
# whoever left something is dead
sweep
for one in "$folder" "$shared"; do
  [ ! -d "$one" ] || find "$one" -maxdepth 1 -type f -name '*snapshot.[0-9]*.part*' -mmin +60 -exec rm -f -- {} + # of earlier versions
done
`;

/** Takes the snapshot to `$part`, and verifies it there: `$sum`, and `$checked`, which is empty where no etcdutl is. */
const takeScript = `
part=$folder/quorate-snapshot-$$.part
checked=
save() { in_reach 0 etcdctl $e --endpoints="$endpoint" snapshot save "$1"; }
case $way in
  etcdctl) watched save "$part" || exit 1 ;;
  gateway) watched stream "$part" ;;
  container)
    inner=$shared/quorate-snapshot-$$.part
    watched save "$inner" || exit 1
    watch_over
    checked=$(status_of "$inner") || exit 1
    relieve
    watched timeout 0 mv -- "$inner" "$part" || exit 1 ;;
esac
watch_over
sum=$(sum_of "$part") || {
  if [ $way = gateway ]; then
    echo "what came through the gateway of etcd ended after $(written) bytes, before the end of the snapshot" >&2
    exit ${exitCodes.stoodStill}
  fi
  echo "the snapshot is not what etcd sent: its checksum is another" >&2
  exit ${exitCodes.damaged}
}
[ $way = container ] || checked=$(status_of "$part") || exit 1
sync -- "$part" || exit 1
`;

/**
 * Takes a snapshot: whole, or not at all. The record is written before the file gets its name: what dies in between
 * leaves a line without a file, never a file that nobody may delete.
 */
export const snapshotScript = ({ mark, keep, label, pace }: SnapshotScript): string => `${common(mark, pace)}
${lockScript(pace)}
${sourceScript}
${retentionScript(Math.max(1, keep))}
read_records
${takeScript}
number=$((\${last:-0} + 1))
name=etcd-$(printf '%06d' "$number")-$(date -u +%Y%m%dT%H%M%SZ)-${label}.db
file=$folder/$name
[ ! -e "$file" ] || { echo "$file is there already" >&2; exit 1; }
at=$(printf '%s\\n' "$checked" | sed -n 's/.*"revision" *: *\\([0-9][0-9]*\\).*/\\1/p' | head -n 1)
bytes=$(stat -c %s -- "$part") changed=$(stat -c %Y -- "$part")
entry="$number $cluster $authority \${at:-$revision} $bytes $changed $sum $name"
write_records "$known$nl$entry"
mv -- "$part" "$file" && sync -- "$file" "$folder" || exit 1
retain
# what is told is read where it lies, after everything that moves or deletes
[ "$(stat -c '%F %s %Y' -- "$file")" = "regular file $bytes $changed" ] && [ "$(sum_of "$file")" = "$sum" ] || {
  echo "$file is not there as it was written" >&2
  exit ${exitCodes.damaged}
}
relieve
section file
printf '%s\\n' "$file"
section status
printf '%s\\n' "$checked"
section numbers
printf '%s %s %s %s %s\\n' "\${at:-$revision}" "$bytes" "$kept" "$elsewhere" "$unrecorded"
section undeleted
printf '%s\\n' $undeleted`;
