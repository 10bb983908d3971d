/** What `ssh NAME` takes here: names and addresses; nothing that a shell would take apart in a ProxyCommand. */
export const sshName = /^[\p{L}\p{N}_.:][\p{L}\p{N}_.:%-]*$/u;
