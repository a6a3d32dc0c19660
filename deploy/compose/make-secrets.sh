#!/usr/bin/env bash
# Makes what compose.yaml reads from ./secrets, once; what is there already stays.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
umask 077
mkdir -p secrets
word() { head -c 24 /dev/urandom | base64 | tr -d '+/=\n'; }
keep() { [[ -e secrets/$1 ]] || cat >"secrets/$1"; }
head -c 32 /dev/urandom | keep secret.key
word | keep db-password
printf budao | keep s3-user
word | keep s3-password
printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "$(cat secrets/s3-user)" "$(cat secrets/s3-password)" |
  keep s3-credentials
# Compose hands files on with their owner: nodes run as 1001, the database and the bucket's server read as root
chown 1001:1001 secrets/secret.key secrets/db-password secrets/s3-credentials 2>/dev/null ||
  echo 'run this as root, or chown secrets/{secret.key,db-password,s3-credentials} to 1001 yourself' >&2
