/** `inband help bug`: Markdown that can be read as it is. */
export const BUG = `## Report a bug

Tell it where you got inband from, with:

- what you did, what came of it, and what you expected instead
- \`inband --version\`, of both sides if two are concerned
- what both sides said with \`--verbose\`, and how they ended (\`echo $?\`)
- \`inband config\`, and the program of the server: \`inband probe example.org\`
- whether it comes again, and what makes it come

No output but that of \`inband key export\` has a password or a secret key. It does
have addresses, names of files, paths, hashes and public keys. This takes most
of them out:

\`\`\`sh
inband send --verbose holiday.mp4 juliet@example.org 2> log
sed -E \\
  -e 's/[^][:space:]"(),;:]+@[^][:space:]"(),;:]+/JID/g' \\
  -e 's/[0-9a-f]{32,}/HASH/g; s/[a-z2-7]{52}/KEY/g' \\
  -e 's/([0-9]{1,3}\\.){3}[0-9]{1,3}/ADDRESS/g' \\
  -e 's/([0-9a-fA-F]{0,4}:){3,}[0-9a-fA-F]{0,4}/ADDRESS/g' \\
  -e "s#$HOME#HOME#g" log > log.txt
\`\`\`

Read \`log.txt\` before you send it: names of files, of servers and of resources
are still there. In what \`inband config\` prints, look at \`password-command\`.

Never send a file that ends in \`.password\`, anything of
\`~/.local/share/inband/keys\`, or what \`inband key export\` prints. Whoever has
seen one of these can pretend to be you: change the password, or run
\`inband key replace\`.

What could harm others while it is not mended, tell those who make inband
alone, and nobody else before.
`;
