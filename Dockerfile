# `inband receive` in a container; docs/install.md has the commands. `npm run package` comes before it.
#
# The Debian package on Debian's slim image: that has all that the package asks for, so nothing is fetched to build it,
# and the licenses and the package's records come along.
FROM debian:12-slim

RUN --mount=type=bind,source=out,target=/mnt \
    dpkg --install /mnt/inband_*_"$(dpkg --print-architecture)".deb

# The first user of most machines has this number, too: a folder of theirs can be the inbox.
RUN useradd --uid 1000 --no-create-home --home-dir /var/lib/inband --shell /usr/sbin/nologin inband \
 && install --directory --owner=inband --group=inband --mode=700 /inbox /var/lib/inband

USER inband

# What arrived; and settings, password, key, and the keys of others. Nothing else is written.
VOLUME ["/inbox", "/var/lib/inband"]

# A sign of life may take 30 seconds to come, and a start after a kill as long.
HEALTHCHECK --interval=1m --timeout=40s --start-period=1m \
  CMD ["inband", "received", "--dir", "/inbox", "--health"]

ENTRYPOINT ["inband"]
CMD ["receive", "--dir", "/inbox"]
