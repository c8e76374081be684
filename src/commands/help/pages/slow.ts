/** `inband help slow`, and the first part of docs/speed.md: Markdown that can be read as it is. */
export const SLOW = `## Why is it slow?

A transfer is as fast as the slowest of three: your server, the server of the
recipient, and the link between them. Most servers limit the rate of each
connection, and much below what the network carries:

- Prosody 0.12 of Debian lets 10 kB/s through: 7.3 kB/s of a file, so that 5
  MB take 12 minutes
- ejabberd 23.01 of Debian lets 3 kB/s through: 2 to 2.5 kB/s of a file, so
  that 5 MB take 35 minutes
- without a limit it is 10 MB/s and more, and 5 MB take a second

Where one of the two servers has a proxy for SOCKS5 bytestreams (XEP-0065),
two \`inband\` send files of 32 KiB and more by it, past these limits;
\`inband probe\` shows whether there is one.

If the rate stays at the same small figure for minutes, whatever else the
network does, it is a limit.

## What you can do

- Make the file smaller: text, source and programs shrink to less than half.
  Between two \`inband\` what is encrypted is deflated by itself.
- Take an account on a server that does not limit you so much, for the machine
  that sends. Only the sender's own server limits what is sent; the recipient
  may stay where it is.
- Ask your server's administrator for what is below.
- Leave it running: a transfer that is cut goes on where it stopped, for days.
- Do not run several \`inband send\` beside each other to get around a limit.
  The administrator who set it meant you, and between two servers everybody
  shares one connection.

## What an administrator can do

Offer a proxy for SOCKS5 bytestreams, which relieves the XMPP server as well:
\`Component "proxy.example.org" "proxy65"\` for Prosody, \`mod_proxy65\` for
ejabberd. For what goes inside the stream, there are limits to raise.

Prosody, in \`prosody.cfg.lua\`; \`unlimited_jids\` needs 0.12 or later:

\`\`\`lua
limits = { c2s = { rate = "1mb/s" }, s2sin = { rate = "3mb/s" } } -- or:
unlimited_jids = { "backup@example.org" } -- no limit for these
network_default_read_size = 65536 -- half as fast again, in-band
\`\`\`

ejabberd, in \`ejabberd.yml\`:

\`\`\`yaml
shaper:
  files: 1000000 # bytes a second
acl:
  files:
    user: backup@example.org
shaper_rules:
  c2s_shaper:
    none: admin
    files: files
    normal: all
\`\`\`

Neither limits what the server sends to its clients, so that a slow download
is the sender's server, or the link. The largest stanza should stay at 256 KiB
(\`max_stanza_size\` of ejabberd, \`c2s_stanza_size_limit\` of Prosody); below
65,535 bytes blocks get smaller, and slower.
`;
