/** A line of the record: number, etcd cluster, sha256 of its CA, revision, size, time of change, sha256, name. */
const line =
  '^[0-9]{1,9} [0-9]{1,20} [0-9a-f]{64} [0-9]+ [0-9]+ [0-9]+ [0-9a-f]{64} etcd-[0-9]{6,9}-[0-9]{8}T[0-9]{6}Z-[A-Za-z0-9.-]+\\.db$';

/**
 * Shell functions around the record of the snapshots in `$folder`, a file of lines. Who uses them has the lock.
 * - `read_records` sets `$known`, the lines that are whole, and `$last`, the highest number that was ever given here:
 *   the record may have been lost, while names still have theirs;
 * - `write_records LINES` replaces the record in one move;
 * - `retain` deletes all but the newest `keep` of this cluster's, never `$name`, whose line is `$entry`.
 * The number alone says which is newer: a clock may have been put back, a revision by a restore. What is deleted is
 * what the record names, if the file still is as it was written: a file without a record is nobody's to delete.
 */
export const retentionScript = (keep: number): string => `
records=$folder/records
nl='
'
read_records() {
  known=
  if [ -e "$records" ]; then
    [ -f "$records" ] && known=$(cat -- "$records") || { echo "the record of the snapshots, $records, cannot be read" >&2; exit 1; }
  fi
  known=$(printf '%s\\n' "$known" | grep -E '${line}')
  last=$({ printf '%s\\n' "$known" | cut -d ' ' -f 1; ls -- "$folder" | sed -n 's/^etcd-\\([0-9]\\{6,9\\}\\)-[0-9]\\{8\\}T[0-9]\\{6\\}Z-.*/\\1/p'; } | sort -n | tail -n 1 | sed 's/^0*//')
}
write_records() {
  printf '%s\\n' "$1" | grep . > "$records.new"
  sync -- "$records.new" && mv -f -- "$records.new" "$records" || { echo "the record of the snapshots, $records, cannot be written" >&2; exit 1; }
}
as_recorded() { [ "$(stat -c '%F %s %Y' -- "$folder/$r_name" 2>/dev/null)" = "regular file $r_bytes $r_changed" ]; }
retain() {
  mine= elsewhere=0 theirs= undeleted=
  while read -r r_number r_of r_by r_at r_bytes r_changed r_sum r_name; do
    [ -n "$r_name" ] && as_recorded || continue
    one="$r_number $r_of $r_by $r_at $r_bytes $r_changed $r_sum $r_name"
    if [ "$r_of $r_by" = "$cluster $authority" ]; then mine=$mine$one$nl
    else theirs=$theirs$one$nl elsewhere=$((elsewhere + 1)); fi
  done <<RECORDS
$known
$entry
RECORDS
  mine=$(printf '%s' "$mine" | sort -rn)
  ours=$(printf '%s\\n' "$mine" | head -n ${keep})
  kept=$(printf '%s\\n' "$ours" | grep -c .)
  while read -r r_number r_of r_by r_at r_bytes r_changed r_sum r_name; do
    [ -n "$r_name" ] && [ "$r_name" != "$name" ] && as_recorded || continue
    rm -f -- "$folder/$r_name"
    [ -e "$folder/$r_name" ] || continue
    undeleted="$undeleted $r_name"
    ours="$ours$nl$r_number $r_of $r_by $r_at $r_bytes $r_changed $r_sum $r_name"
  done <<RECORDS
$(printf '%s\\n' "$mine" | tail -n +${keep + 1})
RECORDS
  write_records "$theirs$ours"
  recorded=$(printf '%s\\n' "$theirs$ours" | grep -c .)
  unrecorded=$(($(ls -- "$folder" | grep -c '\\.db$') - recorded))
}
`;
