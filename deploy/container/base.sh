#!/usr/bin/env bash
# Lays out a base like that of the Containerfile below the folder given, from Debian's packages: the C and C++ libraries
# and time zones, unpacked and not configured, so no shell and no package manager.
set -euo pipefail
target=${1:?usage: base.sh FOLDER}
suite=${BUDAO_BASE_SUITE:-bookworm}
command -v mmdebstrap >/dev/null || { echo 'base.sh: mmdebstrap is missing: apt-get install mmdebstrap' >&2; exit 2; }
mkdir -p "$target"
mmdebstrap --quiet --variant=extract --format=directory \
  --include=base-files,libc6,libgcc-s1,libstdc++6,tzdata,ca-certificates "$suite" "$target"
# What apt and dpkg leave, and what nobody reads in a container.
rm -rf "$target"/{dev,proc,sys,run,boot,home,media,mnt,srv,root} "$target"/var/{cache,log,lib,backups,tmp} \
  "$target"/etc/apt "$target"/usr/share/{doc,man,info,lintian,locale,bug}
# Node has the certificates of the web's authorities built in; other programs look for this file.
mkdir -p "$target/etc/ssl/certs"
find "$target/usr/share/ca-certificates" -name '*.crt' | LC_ALL=C sort | xargs cat >"$target/etc/ssl/certs/ca-certificates.crt"
mkdir -p "$target/proc" "$target/sys" "$target/dev" "$target/run"
find "$target" -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH:-0}" {} +
