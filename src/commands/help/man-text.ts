/** What the manual page says and the program's help does not. */

type Entries = [term: string, text: string][];

export const SUMMARY = 'send files to a JID and fetch blobs by cid, over XMPP';

export const ENVIRONMENT: Entries = [
  [
    'INBAND_PASSWORD',
    'The password, where neither --password-file nor --password-command is given.',
  ],
  [
    'INBAND_PATH, INBAND_NAME, INBAND_PEER, INBAND_SIZE, INBAND_SHA256',
    'What a program of --exec is told of a file that has arrived: its path, its name as the sender called it, the sender, bytes, and hash.',
  ],
  [
    'INBAND_ENCRYPTED, INBAND_PEER_KEY, INBAND_TRUST',
    'Whether it came encrypted (1 or 0), and then the key of the sender, and what was known of that: first, known, verified or unknown.',
  ],
  [
    'ALL_PROXY, HTTPS_PROXY, NO_PROXY',
    'The proxy that all connections go by, where --proxy names none, and the hosts that are reached without it.',
  ],
  ['NO_COLOR', 'Changes nothing: the output has no colours.'],
  [
    'XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_CACHE_HOME',
    'Where settings, keys and blobs are, see FILES.',
  ],
];

export const FILES: Entries = [
  [
    '$XDG_CONFIG_HOME/inband/config.toml',
    'Settings; without the variable in ~/.config. On Windows %APPDATA%\\inband\\config.toml.',
  ],
  [
    '$XDG_CONFIG_HOME/inband/NAME.password',
    'The password of an account, where inband login was told to keep it in a file.',
  ],
  ['$XDG_DATA_HOME/inband/blobs', 'Published blobs; without the variable in ~/.local/share.'],
  ['$XDG_DATA_HOME/inband/keys', 'Keys of own accounts: secret.'],
  [
    '$XDG_DATA_HOME/inband/public-keys',
    'The public ones of these, by which a lost one is noticed.',
  ],
  ['$XDG_DATA_HOME/inband/trust', 'Keys of others that are trusted.'],
  ['$XDG_CACHE_HOME/inband/contacts', 'Addresses of the roster, for completion.'],
  ['$XDG_CACHE_HOME/inband/blobs', 'Fetched blobs; without the variable in ~/.cache.'],
];

export const SETTINGS = [
  'A flag beats an environment variable, which beats the settings file. In it, account is the name of the default',
  'account, [accounts.NAME] holds an account (jid, and the account options without dashes), [names] holds short names for JIDs, and [send], [receive],',
  '[upload], [publish], [fetch] and [probe] hold values for the options of these commands.',
].join(' ');

export const SETTINGS_EXAMPLE = `account = "home"

[accounts.home]
jid = "juliet@example.org"
password-command = "secret-tool lookup xmpp juliet"

[accounts.work]
jid = "juliet@work.example"
service = "xmpps://xmpp.work.example:5223"
password-file = "work.password"

[names]
romeo = "romeo@example.org"

[send]
window = 8

[receive]
dir = "~/Downloads"
allow = ["own", "contacts", "example.net"]`;
