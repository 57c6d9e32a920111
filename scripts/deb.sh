#!/bin/sh
# Makes weft_VERSION_all.deb out of the bundle, by dpkg-deb and without a network. Needs `npm ci`; no root.
#
#   scripts/deb.sh [DIRECTORY]      dist-bundle unless said
#
# WEFT_MAINTAINER='NAME <ADDRESS>' says who answers for the package; whoever publishes it sets it. Else it is package.json's author,
# with an address that nobody can have. WEFT_DIST=DIRECTORY takes the man page and the completions from there, and builds nothing.
set -eu
cd "$(dirname "$0")/.."
umask 022

out=${1:-dist-bundle}
dist=${WEFT_DIST:-dist}
[ -n "${WEFT_DIST:-}" ] || npm run --silent build
node scripts/bundle.mjs "$out"

version=$(node -p 'require("./package.json").version')
# 1.0.0-rc.1 comes before 1.0.0.
debian=$(printf %s "$version" | sed 's/-/~/')
# The same sources make the same package: its files are as old as the last commit.
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}"
export SOURCE_DATE_EPOCH

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"

put() { install -D -m "$1" "$2" "$tree/$3"; }
doc=usr/share/doc/weft
put 755 "$out/weft.mjs" usr/lib/weft/weft.mjs
sed -i '1s|.*|#!/usr/bin/node|' "$tree/usr/lib/weft/weft.mjs"
mkdir -p "$tree/usr/bin"
ln -s ../lib/weft/weft.mjs "$tree/usr/bin/weft"
put 644 contrib/weft.yaml etc/weft/weft.yaml
put 644 contrib/systemd/weft.service usr/lib/systemd/system/weft.service
put 644 "$dist/man/weft.1" usr/share/man/man1/weft.1
put 644 "$dist/completion/weft.bash" usr/share/bash-completion/completions/weft
put 644 "$dist/completion/_weft" usr/share/zsh/vendor-completions/_weft
put 644 "$dist/completion/weft.fish" usr/share/fish/vendor_completions.d/weft.fish
put 644 docs/upgrading.md $doc/upgrading.md
put 644 CHANGELOG.md $doc/CHANGELOG.md
# Debian has the text of our own licence; the others are those of the libraries in the bundle.
{
  printf 'Copyright the Weft authors.\n\nLicensed under the Apache License, Version 2.0:\n'
  printf '/usr/share/common-licenses/Apache-2.0 has its text.\n\n'
  sed -n '/^-----/,$p' "$out/LICENSES.txt"
} >"$tree/$doc/copyright"
maintainer=${WEFT_MAINTAINER:-"$(node -p 'require("./package.json").author') <noreply@weft.invalid>"}
case $maintainer in
  *[!\ ]\ \<*@*\>) ;;
  *) echo "deb.sh: WEFT_MAINTAINER is to be NAME <ADDRESS>, not: $maintainer" >&2 && exit 2 ;;
esac
cat >"$tree/$doc/changelog" <<CHANGELOG
weft ($debian) unstable; urgency=medium

  * CHANGELOG.md.gz beside this file tells what is new.

 -- $maintainer  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
CHANGELOG
gzip -9n "$tree/usr/share/man/man1/weft.1" "$tree/$doc/changelog" "$tree/$doc/CHANGELOG.md"

size=$(du -sk --apparent-size "$tree" | cut -f 1)
mkdir "$tree/DEBIAN"
# The mailbox is anybody's text: it is put in as it is.
WEFT_MAINTAINER=$maintainer awk -v version="$debian" -v size="$size" '
  { sub(/@VERSION@/, version); sub(/@SIZE@/, size) }
  /@MAINTAINER@/ { print "Maintainer: " ENVIRON["WEFT_MAINTAINER"]; next }
  { print }' contrib/debian/control >"$tree/DEBIAN/control"
echo /etc/weft/weft.yaml >"$tree/DEBIAN/conffiles"
for script in postinst prerm postrm; do install -m 755 contrib/debian/$script "$tree/DEBIAN/$script"; done
(cd "$tree" && find etc usr -type f | LC_ALL=C sort | xargs md5sum) >"$tree/DEBIAN/md5sums"
chmod 644 "$tree/DEBIAN/md5sums" "$tree/DEBIAN/control" "$tree/DEBIAN/conffiles"

dpkg-deb --root-owner-group -Zxz --build "$tree" "$out/weft_${debian}_all.deb" >/dev/null
echo "$out/weft_${debian}_all.deb"
