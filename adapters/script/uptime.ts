/**
 * Shell command that sets `now` to whole seconds since the host was booted (proc_uptime(5)). Waits are counted by it:
 * somebody may set the clock, which ends a wait at once or makes it endless.
 */
export const readUptime = 'read -r now _ < /proc/uptime; now=${now%%.*}';
