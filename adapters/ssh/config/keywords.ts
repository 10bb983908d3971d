/** What becomes of a keyword: `refused` for the values that are said, `named` in the error that it may explain. */
type Fate = 'followed' | 'refused' | 'named' | 'of no meaning here';

export interface KeywordGroup {
  readonly fate: Fate;
  /** For docs/ssh.md; what it comes to, or why it means nothing. */
  readonly what: string;
  /** As ssh_config(5) spells them; those that only old versions and patches know too. */
  readonly keywords: string;
}

/**
 * Every client keyword of OpenSSH 6.5 to 10.5, with the patches of distributions and of macOS. docs/ssh.md has this table.
 * A setting that restricts what is trusted or used is never in the last group.
 */
export const keywordGroups: readonly KeywordGroup[] = [
  { fate: 'followed', what: 'sections', keywords: 'Host Include Match Tag IgnoreUnknown' },
  { fate: 'followed', what: 'refuses the connection', keywords: 'RefuseConnection' },
  { fate: 'followed', what: 'where the host is', keywords: 'AddressFamily ConnectTimeout Hostname Port User' },
  { fate: 'followed', what: 'the way to it', keywords: 'ProxyCommand ProxyJump' },
  {
    fate: 'followed',
    what: 'keys to log in with; a private key that others may read is not used',
    keywords:
      'IdentitiesOnly IdentityAgent IdentityFile IdentityFile2 PreferredAuthentications PubkeyAuthentication DSAAuthentication',
  },
  {
    fate: 'followed',
    what: 'host keys that are trusted',
    keywords: 'GlobalKnownHostsFile HostKeyAlias UserKnownHostsFile',
  },
  {
    fate: 'followed',
    what: 'host keys that are refused: a file of public keys, one a line; a binary revocation list (KRL), and a file that cannot be read, is refused',
    keywords: 'RevokedHostKeys',
  },
  {
    fate: 'followed',
    what: 'algorithms, with `+`, `-` and `^`; those that Quorate does not know are left out, and a line that leaves none is refused',
    keywords: 'Ciphers HostKeyAlgorithms KexAlgorithms MACs PubkeyAcceptedAlgorithms PubkeyAcceptedKeyTypes',
  },
  {
    fate: 'followed',
    what: 'RSA keys of fewer bits are refused, of hosts and of users; at least 1024',
    keywords: 'RequiredRSASize RSAMinSize',
  },
  { fate: 'followed', what: 'keys of the connection are renewed', keywords: 'RekeyLimit' },
  { fate: 'refused', what: 'a name; an address of this machine is followed', keywords: 'BindAddress' },
  { fate: 'refused', what: 'without a proxy: name an address with `BindAddress`', keywords: 'BindInterface' },
  {
    fate: 'refused',
    what: 'where a name server would be asked to complete the name: give `HostName` in full',
    keywords:
      'CanonicalDomains CanonicalizeFallbackLocal CanonicalizeHostname CanonicalizeMaxDots CanonicalizePermittedCNAMEs',
  },
  { fate: 'refused', what: '`yes`: `CheckHostIP no`, the default since OpenSSH 8.5', keywords: 'CheckHostIP' },
  { fate: 'refused', what: '`yes`, with a `ProxyCommand`', keywords: 'ProxyUseFdpass' },
  {
    fate: 'named',
    what: 'an unknown or changed host key is refused, whatever it says; named then',
    keywords: 'StrictHostKeyChecking',
  },
  {
    fate: 'named',
    what: 'it is not run, so the host keys that it gives are not known: add them to known_hosts, and what it revokes to `RevokedHostKeys`; named when a host key is refused',
    keywords: 'KnownHostsCommand',
  },
  {
    fate: 'named',
    what: 'such keys are not offered; named when a login is refused',
    keywords: 'CertificateFile PKCS11Provider SmartcardDevice',
  },
  {
    fate: 'of no meaning here',
    what: 'keys with a passphrase and FIDO keys are not used, and none is added to an agent',
    keywords: 'AddKeysToAgent SecurityKeyProvider UseKeychain',
  },
  {
    fate: 'of no meaning here',
    what: 'certificates of hosts are not trusted',
    keywords: 'CASignatureAlgorithms',
  },
  {
    fate: 'of no meaning here',
    what: 'keys are the only way of logging in, and nobody is asked anything',
    keywords: `BatchMode ChallengeResponseAuthentication EnableSSHKeysign GSSAPIAuthentication GSSAPIClientIdentity
      GSSAPIDelegateCredentials GSSAPIKexAlgorithms GSSAPIKeyExchange GSSAPIRenewalForcesRekey GSSAPIServerIdentity
      GSSAPITrustDns HostbasedAcceptedAlgorithms HostbasedAuthentication HostbasedKeyTypes KbdInteractiveAuthentication
      KbdInteractiveDevices KerberosAuthentication KerberosTgtPassing NumberOfPasswordPrompts PasswordAuthentication
      RhostsAuthentication RhostsRSAAuthentication RSAAuthentication SKeyAuthentication TISAuthentication
      AFSTokenPassing`,
  },
  {
    fate: 'of no meaning here',
    what: 'it would trust more: host keys are always verified, by known_hosts alone',
    keywords: 'NoHostAuthenticationForLocalhost VerifyHostKeyDNS',
  },
  { fate: 'of no meaning here', what: 'known_hosts is never written', keywords: 'HashKnownHosts UpdateHostKeys' },
  {
    fate: 'of no meaning here',
    what: 'nothing is forwarded',
    keywords: `ClearAllForwardings DynamicForward ExitOnForwardFailure ForwardAgent ForwardX11 ForwardX11Timeout
      ForwardX11Trusted GatewayPorts LocalForward PermitRemoteOpen RemoteForward StreamLocalBindMask
      StreamLocalBindUnlink Tunnel TunnelDevice XAuthLocation`,
  },
  {
    fate: 'of no meaning here',
    what: 'sessions run one command, without a terminal, in an environment of their own; no command runs here after the login',
    keywords: `ChannelTimeout EnableEscapeCommandline EscapeChar ForkAfterAuthentication LocalCommand
      ObscureKeystrokeTiming PermitLocalCommand RemoteCommand RequestTTY SendEnv SessionType SetEnv StdinNull`,
  },
  {
    fate: 'of no meaning here',
    what: 'connections are shared, kept alive and tried again by Quorate itself',
    keywords: `Compression CompressionLevel ConnectionAttempts ControlMaster ControlPath ControlPersist IPQoS KeepAlive
      ProtocolKeepAlives ServerAliveCountMax ServerAliveInterval SetupTimeOut TCPKeepAlive VersionAddendum`,
  },
  {
    fate: 'of no meaning here',
    what: 'what is shown and logged',
    keywords: 'FingerprintHash LogLevel LogVerbose SyslogFacility VisualHostKey WarnWeakCrypto',
  },
  {
    fate: 'of no meaning here',
    what: '`ssh` itself passes over them today',
    keywords: `Cipher FallBackToRsh GlobalKnownHostsFile2 Protocol UsePrivilegedPort UseRoaming UserKnownHostsFile2
      UseRsh`,
  },
];

export const keywordsOf = ({ keywords }: KeywordGroup): readonly string[] => keywords.trim().split(/\s+/);

const known: ReadonlySet<string> = new Set(
  keywordGroups.flatMap((group) => keywordsOf(group).map((keyword) => keyword.toLowerCase())),
);

/** Whether it is a keyword of ssh_config(5), in lower case. */
export const isKeyword = (word: string): boolean => known.has(word);
